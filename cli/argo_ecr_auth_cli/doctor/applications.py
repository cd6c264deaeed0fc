"""Checks for Applications of Argo CD that still show a failure from before the last renewal."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any

from argo_ecr_auth.api_server.server import ApiServer
from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.core.managed_fields import read_writers
from argo_ecr_auth.core.observed import ObservedState
from argo_ecr_auth.core.targets import Credential
from argo_ecr_auth_cli.doctor.argo_cd_secrets import is_in_registry
from argo_ecr_auth_cli.doctor.check_context import CheckContext, Finding, check

_APPLICATIONS = "/apis/argoproj.io/v1alpha1/applications"
_MAX_APPLICATIONS = 64 * 1024 * 1024  # bytes
_MAX_QUOTE = 200
_REFUSALS = ("401", "403", "denied", "no basic auth credentials")


@check("Argo CD", "no Application shows a failure from before the last renewal")
def check_applications(
    context: CheckContext, server: ApiServer, *, observed_states: Mapping[tuple[str, Credential], ObservedState]
) -> Iterator[Finding]:
    """Applications that still show a refusal from before the last renewal.

    `observed_states` are what was read of the credentials, by the target's name.
    """
    renewed_at = {
        registry.host: last
        for credential in context.target.credentials
        if (last := _find_last_write(observed_states.get((context.target.name, credential))))
        for registry in credential.registries
    }
    for application in _list_applications(server, context.namespaces) if renewed_at else ():
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


def _find_last_write(observed: ObservedState | None) -> str | None:
    secret = observed.secret if observed else None
    return max((writer.time for writer in read_writers(secret) if writer.is_ours), default=None)


def _list_applications(server: ApiServer, namespaces: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """All that the operator may list: of the whole cluster, else of these namespaces."""
    status, body = server.request(_APPLICATIONS, max_body=_MAX_APPLICATIONS)
    if status == HTTPStatus.NOT_FOUND:  # Argo CD is not in this cluster
        return
    if status == HTTPStatus.OK:
        yield from body["items"]
        return
    for namespace in namespaces:
        path = _APPLICATIONS.replace("/applications", f"/namespaces/{namespace}/applications")
        status, body = server.request(path, max_body=_MAX_APPLICATIONS)
        if status != HTTPStatus.OK:
            raise SyncError(failed=f"{server.target.cluster}'s API server returned {status} to you for Applications")
        yield from body["items"]


def _names(application: Mapping[str, Any], host: str) -> bool:
    spec = application.get("spec") or {}
    sources = [spec.get("source") or {}, *(spec.get("sources") or ())]
    return any(is_in_registry(str(source.get("repoURL", "")), host) for source in sources)


def _is_refusal(condition: Mapping[str, Any], words: str) -> bool:
    return condition.get("type") == "ComparisonError" and any(refusal in words for refusal in _REFUSALS)


def _is_before(condition: Mapping[str, Any], moment: str) -> bool:
    """Both are in whole seconds, UTC (RFC 3339); the same second counts as before."""
    try:
        return datetime.fromisoformat(str(condition.get("lastTransitionTime"))) <= datetime.fromisoformat(moment)
    except ValueError:
        return False
