"""Lists the objects with our label in a cluster, whichever installation wrote them."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from argo_ecr_auth.api_server.answers import is_not_found
from argo_ecr_auth.api_server.server import ApiServer
from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.core.timestamps import parse_expiry
from argo_ecr_auth_cli.doctor.check_context import CheckContext

_MAX_LIST = 64 * 1024 * 1024  # bytes: all Secrets of a namespace, or all our ConfigMaps


def list_managed_objects(context: CheckContext, server: ApiServer) -> Mapping[tuple[str, str], Mapping[str, Any]]:
    """The ConfigMaps with our label, by namespace and name, listed once in each cluster.

    Raises SyncError if they may not be listed.
    """
    target = context.target
    cluster = ("managed objects", target.account, target.region, target.cluster, target.endpoint)
    found: Mapping[tuple[str, str], Mapping[str, Any]] = context.shared.answers.run(cluster, lambda: _list(server))
    return found


def is_fresh(config_map: Mapping[str, Any] | None, *, now: datetime) -> bool:
    """Whether the token of its Secret is still valid. When to renew it is decided by its installation."""
    expires_at = parse_expiry(config_map)
    return expires_at is not None and expires_at > now


def _list(server: ApiServer) -> Mapping[tuple[str, str], Mapping[str, Any]]:
    found = get_object(server, "/api/v1/configmaps?labelSelector=argo-ecr-auth%3Dmanaged-resource") or {}
    items = found.get("items", ())
    return {(item["metadata"]["namespace"], item["metadata"]["name"]): item for item in items}


def get_object(server: ApiServer, path: str) -> Mapping[str, Any] | None:
    """The object or the list, None if there is none. Raises SyncError."""
    status, body = server.request(path, max_body=_MAX_LIST)
    if status == HTTPStatus.NOT_FOUND and is_not_found(body):
        return None
    if status != HTTPStatus.OK:
        raise SyncError(failed=f"{server.target.cluster}'s API server returned {status} to you for {path}")
    return body
