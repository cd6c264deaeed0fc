"""Reads and applies objects with the kubernetes package's REST client, without its typed models.

The models would cost every cold start more than all the rest of this package.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import urllib3
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from argo_ecr_auth.clients.api_client import Connection
from argo_ecr_auth.clients.cluster_errors import explain_refusal, explain_unreachable, is_not_found
from argo_ecr_auth.clients.deadlines import time_limit
from argo_ecr_auth.core.diff import holds
from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.core.manifests import FIELD_MANAGER, Manifest, pin_version

_CONNECT_AND_READ_SECONDS = (3, 10)
_SECONDS_PER_CALL = 15  # with its retries
_MAX_BODY = 4 * 1024 * 1024  # bytes, decompressed; an object has at most 1.5 MiB (etcd's limit)
_PLURALS = {"Secret": "secrets", "ConfigMap": "configmaps"}


def read_object(connection: Connection, *, kind: str, namespace: str, name: str) -> Manifest | None:
    """The object as the API server gives it, None where there is none. Raises SyncError."""
    status, body = call_api(connection, "GET", _path(kind, namespace, name))
    if status == HTTPStatus.NOT_FOUND and is_not_found(body):
        return None
    if status != HTTPStatus.OK:
        raise explain_refusal(connection, status, body, doing=f"get the {kind} {namespace}/{name}", namespace=namespace)
    if not holds(body, {"metadata": {"namespace": namespace, "name": name}}):
        raise SyncError(f"{connection.api.configuration.host} answers, but not as an API server does")
    return {**body, "kind": kind}


def apply_object(connection: Connection, manifest: Manifest) -> None:
    """Server-side apply: takes over our fields from whoever wrote them, and leaves the others.

    Raises SyncError, also if the answer is not the object with what was applied.
    """
    kind, metadata = manifest["kind"], manifest["metadata"]
    namespace, name = metadata["namespace"], metadata["name"]
    doing = f"apply the {kind} {namespace}/{name}"
    path = f"{_path(kind, namespace, name)}?fieldManager={FIELD_MANAGER}&force=true"
    status, body = call_api(connection, "PATCH", path, manifest)
    if status not in {HTTPStatus.OK, HTTPStatus.CREATED}:
        raise explain_refusal(connection, status, body, doing=doing, namespace=namespace)
    if not holds(body, manifest):
        raise _explain_other_object(connection, status, doing=doing)


def remove_keys(
    connection: Connection, manifest: Manifest, *, part: str, keys: list[str], only_over: Manifest | None
) -> Manifest:
    """Remove keys of somebody else's from the data or the binaryData of the manifest's object, as no apply can.

    With `only_over`, an object that has changed since then stays as it is. Returns the object without the keys. Raises
    SyncError, also if the answer is not that.
    """
    kind, namespace, name = manifest["kind"], manifest["metadata"]["namespace"], manifest["metadata"]["name"]
    patch: Manifest = {"metadata": {"namespace": namespace, "name": name}, part: dict.fromkeys(keys)}
    patch = pin_version(patch, only_over) if only_over else patch
    path = f"{_path(kind, namespace, name)}?fieldManager={FIELD_MANAGER}"
    status, body = call_api(connection, "PATCH", path, patch, content_type="application/merge-patch+json")
    doing = f"remove keys from the {kind} {namespace}/{name}"
    if status != HTTPStatus.OK:
        raise explain_refusal(connection, status, body, doing=doing, namespace=namespace)
    left = body.get(part) or {}
    is_removed = isinstance(left, Mapping) and not left.keys() & keys
    if not (is_removed and holds(body, {"metadata": {"namespace": namespace, "name": name}})):
        raise _explain_other_object(connection, status, doing=doing)
    return {**body, "kind": kind}


def call_api(
    connection: Connection,
    method: str,
    path: str,
    body: Manifest | None = None,
    *,
    content_type: str = "application/apply-patch+yaml",
    max_body: int = _MAX_BODY,
) -> tuple[int, Mapping[str, Any]]:
    """Status and JSON of the API server's answer, whatever it is; empty where it is not an object.

    Raises AddressError where no answer comes in time, SyncError where it has more than `max_body` bytes.
    """
    host = connection.api.configuration.host
    headers = {"Accept": "application/json", "User-Agent": FIELD_MANAGER}
    if connection.bearer:
        headers["Authorization"] = f"Bearer {connection.bearer}"
    if body is not None:
        headers["Content-Type"] = content_type
    with time_limit(_SECONDS_PER_CALL):
        try:
            response = connection.api.request(  # type: ignore[no-untyped-call]
                method, host + path, headers=headers, body=body, _request_timeout=_CONNECT_AND_READ_SECONDS
            ).response
            text = _read_body(response, max_body=max_body)
        except (HTTPError, ApiException) as error:
            raise explain_unreachable(connection, error) from None
    if text is None:
        raise SyncError(f"{host} of the cluster {connection.cluster} answers with more than {max_body >> 20} MiB")
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        answer = None
    return response.status, answer if isinstance(answer, dict) else {}


def _explain_other_object(connection: Connection, status: int, *, doing: str) -> SyncError:
    return SyncError(
        f"asked {connection.cluster}'s API server to {doing}: its answer ({status}) is not the object that was "
        "applied; does a proxy answer in its place, or a webhook change the object?"
    )


def _read_body(response: urllib3.BaseHTTPResponse, *, max_body: int) -> bytes | None:
    """The body, None where it is too large; a connection whose answer is read to its end serves the next request."""
    parts, size = [], 0
    try:
        while part := response.read(64 * 1024):
            parts.append(part)
            size += len(part)
            if size > max_body:
                return None
    finally:
        if size > max_body:
            response.close()
        response.release_conn()
    return b"".join(parts)


def _path(kind: str, namespace: str, name: str) -> str:
    return f"/api/v1/namespaces/{quote(namespace, safe='')}/{_PLURALS[kind]}/{quote(name, safe='')}"
