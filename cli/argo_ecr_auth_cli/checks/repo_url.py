"""Explains which credential serves an Application's `repoURL` in a cluster, or which settings would."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from argo_ecr_auth.clients.api_client import Connection
from argo_ecr_auth.core.registry import NotARegistryError, parse_registry
from argo_ecr_auth.core.targets import Target
from argo_ecr_auth_cli.checks.argo_cd_secrets import ArgoCdSecret, find_serving, list_argo_cd_secrets
from argo_ecr_auth_cli.terminal.exits import USAGE, CommandError


@dataclass(frozen=True, kw_only=True)
class Service:
    """Who serves a URL in a target's namespace of Argo CD."""

    target: str
    namespace: str
    secrets: Sequence[ArgoCdSecret]
    ours: bool

    def as_dict(self) -> dict[str, Any]:
        return {
            "target": self.target,
            "namespace": self.namespace,
            "secrets": [f"{each.kind} {each.namespace}/{each.name}" for each in self.secrets],
            "ours": self.ours,
        }

    def __str__(self) -> str:
        names = " or ".join(f"the {each.kind} {each.namespace}/{each.name}" for each in self.secrets)
        if not self.secrets:
            return f"{self.target}: nothing in the namespace {self.namespace} serves it"
        whose = "of these settings" if self.ours else "which is not of these settings"
        return f"{self.target}: {names} serves it, {whose}"


def find_services(target: Target, connection: Connection, *, url: str, project: str) -> list[Service]:
    """Who serves the URL in each namespace of the target's credentials. Raises SyncError."""
    ours = {(credential.namespace, credential.secret_name) for credential in target.credentials}
    services = []
    for namespace in sorted({one.namespace for one in target.credentials if one.kind != "pull-secret"}):
        serving = find_serving(list_argo_cd_secrets(connection, namespace), url, project=project)
        is_ours = bool(serving) and all(each.place in ours for each in serving)
        services.append(Service(target=target.name, namespace=namespace, secrets=serving, ours=is_ours))
    return services


def format_settings(url: str, *, project: str) -> str:
    """A credential of `settings.yaml` that would serve the URL. Raises CommandError where it is none of ECR's."""
    place = url.removeprefix("oci://")
    host = place.partition("/")[0]
    try:
        parse_registry(host)
    except NotARegistryError as fault:
        raise CommandError(f"--repo-url: {fault}", code=USAGE) from None
    credential: dict[str, str] = {"registry": host}
    if url.startswith("oci://"):
        credential["type"] = "oci"
    if place != host or "type" in credential:
        credential["url"] = url
        credential["secret_name"] = "ecr-" + "-".join(part for part in ("oci", *place.split("/")[1:]) if part)
    if project:
        credential["project"] = project
    return str(yaml.safe_dump({"credentials": [credential]}, sort_keys=False)).rstrip()
