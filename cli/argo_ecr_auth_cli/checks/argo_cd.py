"""Checks for other Secrets that Argo CD may use instead of ours, and for Applications that still show a failure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any

from argo_ecr_auth.clients.api_client import Connection
from argo_ecr_auth.clients.cluster import call_api
from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.core.managed_fields import read_writers
from argo_ecr_auth.core.targets import Credential
from argo_ecr_auth_cli.checks.argo_cd_secrets import (
    ArgoCdSecret,
    find_duplicates,
    is_same_url,
    list_argo_cd_secrets,
)
from argo_ecr_auth_cli.checks.check_context import CheckContext, Finding
from argo_ecr_auth_cli.checks.managed_objects import get_object, is_fresh, list_managed_objects

_APPLICATIONS = "/apis/argoproj.io/v1alpha1/applications"
_MAX_APPLICATIONS = 64 * 1024 * 1024  # bytes
_MAX_QUOTE = 200
_REFUSALS = ("401", "403", "denied", "no basic auth credentials")


def check_argo_cd(context: CheckContext, connection: Connection) -> Iterator[Finding]:
    """Secrets of others that shadow ours, and several for one URL. Raises SyncError where they may not be listed."""
    credentials = [credential for credential in context.target.credentials if credential.kind != "pull-secret"]
    managed = list_managed_objects(connection)
    for namespace in sorted({credential.namespace for credential in credentials}):
        secrets = list_argo_cd_secrets(connection, namespace)
        ours = [credential for credential in credentials if credential.namespace == namespace]
        shadowing = set()
        for secret in secrets:
            # Another installation's is as good as ours while it is kept fresh.
            if secret.place not in context.ours and not is_fresh(managed.get(secret.place), now=context.now):
                for finding in (found for one in ours for found in check_shadowing(context, one, secret)):
                    shadowing.add(secret.place)
                    yield finding
        yield from check_duplicates(
            context, [each for each in secrets if each.place not in shadowing and not each.has_own_login]
        )


def check_shadowing(context: CheckContext, credential: Credential, secret: ArgoCdSecret) -> Iterator[Finding]:
    """Another Secret that Argo CD would use instead of this credential's."""
    url = credential.url or ""
    if secret.has_own_login:
        shadows = False
    elif credential.kind == "repository":
        shadows = (
            secret.kind == "repository"
            and is_same_url(secret.url, url)
            # For a project's Applications, a Secret with the project goes before one without.
            and (credential.project is None or secret.project == credential.project)
        )
    else:
        shadows = secret.url.startswith(url) and (secret.kind == "repo-creds" or secret.has_credentials)
    if shadows:
        yield context.report(
            "shadowed",
            f"Argo CD may use the {secret.kind} {secret.namespace}/{secret.name} for {secret.url} instead of "
            f"{credential.namespace}/{credential.secret_name}, and nobody renews its password",
            remedy=f"if nothing else needs it: kubectl -n {secret.namespace} delete secret {secret.name}",
        )


def check_duplicates(context: CheckContext, secrets: Sequence[ArgoCdSecret]) -> Iterator[Finding]:
    """Several Secrets for one URL and project, whoever wrote them: Argo CD takes any of them."""
    for group in find_duplicates(secrets):
        names = " and ".join(f"{each.namespace}/{each.name}" for each in group)
        project = f" in the project {group[0].project}" if group[0].project else ""
        yield context.report(
            "duplicate",
            f"{names} are both a {group[0].kind} for {group[0].url}{project}: Argo CD takes any of them",
            remedy=f"keep one: kubectl -n {group[0].namespace} delete secret NAME, for the others",
            namespace=group[0].namespace,
        )


def check_applications(context: CheckContext, connection: Connection) -> Iterator[Finding]:
    """Applications that still show a refusal from before the last renewal. Raises SyncError where none may be read."""
    renewed_at = {
        registry.host: last
        for credential in context.target.credentials
        if (last := _find_last_write(connection, credential))
        for registry in credential.registries
    }
    for application in _list_applications(connection, context.namespaces) if renewed_at else ():
        metadata = application["metadata"]
        for condition in (application.get("status") or {}).get("conditions") or ():
            words = " ".join(str(condition.get("message", "")).split())
            host = next((host for host in renewed_at if host in words or _names(application, host)), None)
            if host and _is_refusal(condition, words) and _is_before(condition, renewed_at[host]):
                yield context.report(
                    "cached-failure",
                    f"the Application {metadata['namespace']}/{metadata['name']} shows a failure from before the last "
                    f"renewal ({words[-_MAX_QUOTE:]})",
                    remedy=f"kubectl -n {metadata['namespace']} annotate application {metadata['name']} "
                    "argocd.argoproj.io/refresh=hard --overwrite",
                    namespace=metadata["namespace"],
                )
                break


def _find_last_write(connection: Connection, credential: Credential) -> str | None:
    secret = get_object(connection, f"/api/v1/namespaces/{credential.namespace}/secrets/{credential.secret_name}")
    return max((writer.time for writer in read_writers(secret) if writer.is_ours), default=None)


def _list_applications(connection: Connection, namespaces: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """All that the operator may list: of the whole cluster, else of these namespaces."""
    status, body = call_api(connection, "GET", _APPLICATIONS, max_body=_MAX_APPLICATIONS)
    if status == HTTPStatus.NOT_FOUND:  # Argo CD is not in this cluster
        return
    if status == HTTPStatus.OK:
        yield from body["items"]
        return
    for namespace in namespaces:
        path = _APPLICATIONS.replace("/applications", f"/namespaces/{namespace}/applications")
        status, body = call_api(connection, "GET", path, max_body=_MAX_APPLICATIONS)
        if status != HTTPStatus.OK:
            raise SyncError(
                f"{connection.cluster}'s API server answers {status} to {connection.caller.name} for Applications"
            )
        yield from body["items"]


def _names(application: Mapping[str, Any], host: str) -> bool:
    spec = application.get("spec") or {}
    sources = [spec.get("source") or {}, *(spec.get("sources") or ())]
    return any(str(source.get("repoURL", "")).removeprefix("oci://").startswith(host) for source in sources)


def _is_refusal(condition: Mapping[str, Any], words: str) -> bool:
    return condition.get("type") == "ComparisonError" and any(each in words for each in _REFUSALS)


def _is_before(condition: Mapping[str, Any], moment: str) -> bool:
    """Both are in whole seconds, UTC (RFC 3339); the same second counts as before."""
    try:
        return datetime.fromisoformat(str(condition.get("lastTransitionTime"))) <= datetime.fromisoformat(moment)
    except ValueError:
        return False
