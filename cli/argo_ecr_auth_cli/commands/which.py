"""Shows which credential serves an Application's `repoURL` in each cluster, or which settings would."""

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from argo_ecr_auth.api_server.eks_server import EksApiServers
from argo_ecr_auth.api_server.server import ApiServer
from argo_ecr_auth.api_server.warm_cache import WarmCache
from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.core.kinds import KINDS
from argo_ecr_auth.core.registry import NotARegistryError, parse_registry
from argo_ecr_auth.core.targets import Target
from argo_ecr_auth_cli.aws_session import find_region, sign_in
from argo_ecr_auth_cli.doctor.argo_cd_secrets import ArgoCdSecret, find_serving, list_argo_cd_secrets
from argo_ecr_auth_cli.doctor.argo_cd_urls import normalize_url
from argo_ecr_auth_cli.installation import choose_enabled_targets, load_installation, without_role
from argo_ecr_auth_cli.kubeconfig import open_kubeconfig
from argo_ecr_auth_cli.terminal.exits import OK, UNHEALTHY, UNKNOWN, USAGE, CommandError
from argo_ecr_auth_cli.terminal.output import print_json, print_line, tolerate_closed_pipe
from argo_ecr_auth_settings.field_types import REPOSITORY


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
            "secrets": [f"{secret.kind} {secret.namespace}/{secret.name}" for secret in self.secrets],
            "ours": self.ours,
        }

    def __str__(self) -> str:
        names = " or ".join(map(str, self.secrets))
        if not self.secrets:
            return f"{self.target}: nothing in the namespace {self.namespace} serves it"
        whose = "from these settings" if self.ours else "which is not from these settings"
        return f"{self.target}: {names} serves it, {whose}"


def run(options: argparse.Namespace) -> int:
    """Show the credential of each target, and the settings if there is none. Raises CommandError."""
    url, project = options.url, options.project or ""
    check_url(url)
    region = find_region(profile=options.profile, region=options.region)
    targets = choose_enabled_targets(load_installation(options, region=region), options.targets)
    operator = sign_in(profile=options.profile, region=region)
    kubeconfig = open_kubeconfig(options, targets)
    servers = kubeconfig or EksApiServers(WarmCache(sessions=operator.sessions))
    identity = (kubeconfig or operator).identity
    snippet = format_settings(url, project=project)
    services = []
    for target in map(without_role, targets):
        try:
            services += find_services(target, servers.to(target), url=url, project=project)
        except SyncError as error:
            raise CommandError(f"{target.name}: {identity.explain(error)}", code=UNKNOWN) from None
    unserved = not services or any(not service.secrets for service in services)
    with tolerate_closed_pipe():
        if options.output == "json":
            shown = [service.as_dict() for service in services]
            print_json({"services": shown, "settings": snippet if unserved else None})
        else:
            for service in services:
                print_line(str(service))
            if unserved:
                _print_settings(snippet, url=url)
    return OK if services and all(service.ours for service in services) else UNHEALTHY


def check_url(url: str) -> None:
    """Raise CommandError for a URL by which Argo CD pulls nothing from ECR, whatever the credential is."""
    scheme, separator, place = url.strip().rpartition("://")
    host, _, path = place.partition("/")
    scheme, host, path = scheme.lower(), host.lower().removesuffix(".git"), path.removesuffix(".git")
    meant = f"{host}/{path.lower().strip('/')}".removesuffix("/")
    try:
        parse_registry(host)
    except NotARegistryError as fault:
        raise CommandError(f"URL: {fault}", code=USAGE) from None
    if separator and scheme != "oci":
        why = f"Argo CD cannot read charts from ECR over {scheme}://; write {meant} or oci://{meant}"
    elif url.strip().endswith("/"):
        why = f"Argo CD fails with a slash at the end; write {scheme}{separator}{meant}"
    elif path != path.lower():
        why = f"ECR's repositories are in lower case; write {scheme}{separator}{meant}"
    elif path and not re.fullmatch(REPOSITORY, path):
        why = f"{path!a} is not a valid ECR repository name"
    else:
        return
    raise CommandError(f"URL: {url.strip()}: {why}", code=USAGE)


def find_services(target: Target, server: ApiServer, *, url: str, project: str) -> list[Service]:
    """Who serves the URL in each namespace of the target's credentials. Raises SyncError."""
    ours = {(credential.namespace, credential.secret_name) for credential in target.credentials}
    services = []
    for namespace in sorted(
        {credential.namespace for credential in target.credentials if KINDS[credential.kind].for_argo_cd}
    ):
        serving = find_serving(list_argo_cd_secrets(server, namespace), url, project=project)
        is_ours = bool(serving) and all(secret.place in ours for secret in serving)
        services.append(Service(target=target.name, namespace=namespace, secrets=serving, ours=is_ours))
    return services


def format_settings(url: str, *, project: str) -> str | None:
    """A credential of `settings.yaml` that would serve the URL and send its token nowhere else, None if none would.

    `url` is one that check_url accepts.
    """
    normalized = normalize_url(url)
    place = normalized.removeprefix("oci://")
    host, _, path = place.partition("/")
    if normalized == f"oci://{host}":
        return None
    credential = {"registry": host}
    if project and place == normalized:
        credential["project"] = project
        if path:
            credential |= {"url": place, "secret_name": "ecr-" + re.sub("[^a-z0-9]+", "-", path)}
    else:
        # Templates have no project. A repository of type oci could have one, but it sends its token elsewhere.
        credential["kind"] = "argo-cd"
    return str(yaml.safe_dump({"credentials": [credential]}, sort_keys=False)).rstrip()


def _print_settings(snippet: str | None, *, url: str) -> None:
    if snippet is None:
        print_line(f"no settings would serve it: use {url}/PREFIX, and push the charts below a prefix")
        return
    print_line("these settings would serve it:")
    for line in snippet.splitlines():
        print_line(f"  {line}")
