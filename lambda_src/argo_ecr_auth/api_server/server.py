"""A cluster's API server: reads and writes a credential's two objects with the kubernetes package's REST client.

Without that package's typed models, which would cost every cold start more than all the rest of this one.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import urllib3
from kubernetes.client.exceptions import ApiException
from kubernetes.client.rest import RESTClientObject
from urllib3.exceptions import HTTPError

from argo_ecr_auth.api_server.answers import is_not_found, make_refusal_error, make_unreachable_error
from argo_ecr_auth.core.diff import contains
from argo_ecr_auth.core.errors import AddressError, OverlapError, SyncError
from argo_ecr_auth.core.managed_fields import read_writers
from argo_ecr_auth.core.manifests import (
    FIELD_MANAGER,
    NO_TOKEN,
    Manifest,
    Payload,
    list_foreign_keys,
    make_config_map_manifest,
    make_secret_manifest,
    require_version,
)
from argo_ecr_auth.core.observed import ObservedState
from argo_ecr_auth.core.targets import Credential, Target
from argo_ecr_auth.deadlines import time_limit

_CONNECT_AND_READ_SECONDS = (3, 10)
_SECONDS_PER_CALL = 15  # with its retries
# Bytes, decompressed. A ConfigMap has up to 1 MiB of data, its annotations 256 KiB (Kubernetes, validation), and Go
# writes characters such as "<" as six (encoding/json): 7.5 MiB.
_MAX_BODY = 8 * 1024 * 1024
_PLURALS = {"Secret": "secrets", "ConfigMap": "configmaps"}


@dataclass(frozen=True, kw_only=True)
class Access:
    """A client of the API server, and the bearer token for it (empty: the client's certificate says who asks)."""

    client: RESTClientObject = field(repr=False)
    bearer: str = field(repr=False)


class ApiServer(ABC):
    """A target's API server. A subclass knows how to get access to it."""

    def __init__(self, target: Target) -> None:
        self.target = target

    @abstractmethod
    def open(self) -> Access:
        """Access to it. Raises SyncError."""

    def reopen(self, used: Access) -> Access | None:  # noqa: ARG002 - a subclass may know better
        """Access at another address than the used one, at which nobody answered; None if there is none."""
        return None

    def read(self, credential: Credential) -> ObservedState:
        """Both objects of a credential. Raises SyncError."""
        access = self.open()
        try:
            return self._read(access, credential)
        except AddressError:
            newer = self.reopen(access)
            if newer is None:
                raise
        return self._read(newer, credential)

    def write(
        self,
        credential: Credential,
        payload: Payload,
        *,
        observed: ObservedState,
        only_over_observed: bool,
        is_stopped: Callable[[], bool],
    ) -> None:
        """Apply the Secret, then the ConfigMap, and see that the Secret is still the one that was applied.

        The Secret first: a run that ends between the two leaves a ConfigMap that does not vouch for the new password,
        and the next run sees that. With `only_over_observed` an object that has changed since it was read, or is there
        now, stays as it is. Raises SyncError, also if the run `is_stopped` before a write, and OverlapError.
        """
        access = self.open()
        secret, config_map = make_secret_manifest(credential, payload), make_config_map_manifest(credential, payload)
        manifests = []
        for manifest, found in ((secret, observed.secret), (config_map, observed.config_map)):
            left, is_pinned = found, only_over_observed
            if keys := observed.list_clashing_keys(manifest):
                # Only the Secret has what another run may have renewed. A ConfigMap is changed whatever its version: a
                # patch whose answer was lost is sent again, and would be refused for its own change.
                is_pinned = only_over_observed and manifest is secret
                left = self._remove_keys(access, manifest, keys=keys, only_over=found if is_pinned else None)
            manifests.append(require_version(manifest, left) if is_pinned else manifest)
        is_overwritten = False
        try:
            for manifest in manifests:
                _check_time(is_stopped)
                self._apply(access, manifest)
                is_overwritten = True
            self._check_written(access, secret)
        except SyncError as error:
            error.overwritten = is_overwritten
            raise

    def try_config_map(self, credential: Credential, observed: ObservedState) -> None:
        """Raise SyncError if the API server would refuse the ConfigMap, whatever its token is. Nothing is written."""
        manifest = make_config_map_manifest(credential, NO_TOKEN)
        if observed.list_clashing_keys(manifest):
            return  # it would, until a write has removed them
        status, body = self._patch(self.open(), manifest, query="&dryRun=All")
        # A webhook with side effects may not be called for a dry run (apiserver, admission/plugin/webhook).
        untried = "does not support dry run" in str(body.get("message"))
        if status not in {HTTPStatus.OK, HTTPStatus.CREATED} and not untried:
            raise self._explain_refusal(status, body, manifest)

    def request(self, path: str, *, max_body: int = _MAX_BODY) -> tuple[int, Mapping[str, Any]]:
        """Status and JSON of the answer to a GET, whatever it is; empty if it is not an object.

        Raises AddressError if no answer comes in time, SyncError if it has more than `max_body` bytes.
        """
        return self._call(self.open(), "GET", path, max_body=max_body)

    def _read(self, access: Access, credential: Credential) -> ObservedState:
        namespace, name = credential.namespace, credential.secret_name
        return ObservedState(
            secret=self._read_object(access, kind="Secret", namespace=namespace, name=name),
            config_map=self._read_object(access, kind="ConfigMap", namespace=namespace, name=name),
        )

    def _read_object(self, access: Access, *, kind: str, namespace: str, name: str) -> Manifest | None:
        """The object as the API server gives it, None where there is none. Raises SyncError."""
        remedy = f"delete the {kind} {namespace}/{name}, or look for a proxy that responds in the API server's place"
        status, body = self._call(access, "GET", _path(kind, namespace, name), if_too_large=remedy)
        if status == HTTPStatus.NOT_FOUND and is_not_found(body):
            return None
        if status != HTTPStatus.OK:
            doing = f"get the {kind} {namespace}/{name}"
            raise make_refusal_error(status, body, target=self.target, doing=doing, namespace=namespace)
        if not contains(body, {"metadata": {"namespace": namespace, "name": name}}):
            raise SyncError(failed=f"{access.client.configuration.host} responds, but not like an API server")
        return {**body, "kind": kind}

    def _apply(self, access: Access, manifest: Manifest) -> None:
        """Server-side apply: takes over our fields from whoever wrote them, and leaves the others.

        Raises SyncError, also if the answer is not the object with what was applied.
        """
        status, body = self._patch(access, manifest)
        if status not in {HTTPStatus.OK, HTTPStatus.CREATED}:
            raise self._explain_refusal(status, body, manifest)
        if not contains(body, manifest):
            raise self._explain_other_object(status, doing=_describe_apply(manifest))

    def _patch(self, access: Access, manifest: Manifest, *, query: str = "") -> tuple[int, Mapping[str, Any]]:
        path = _path(manifest["kind"], manifest["metadata"]["namespace"], manifest["metadata"]["name"])
        return self._call(access, "PATCH", f"{path}?fieldManager={FIELD_MANAGER}&force=true{query}", manifest)

    def _explain_refusal(self, status: int, body: Mapping[str, Any], manifest: Manifest) -> SyncError:
        doing, namespace = _describe_apply(manifest), manifest["metadata"]["namespace"]
        return make_refusal_error(status, body, target=self.target, doing=doing, namespace=namespace)

    def _remove_keys(
        self, access: Access, manifest: Manifest, *, keys: list[str], only_over: Manifest | None
    ) -> Manifest:
        """Remove keys of somebody else's from a Secret's data or a ConfigMap's binaryData, as no apply can.

        With `only_over`, an object that has changed since then stays as it is. Returns the object without the keys.
        Raises SyncError, also if the answer is not that.
        """
        kind, namespace, name = manifest["kind"], manifest["metadata"]["namespace"], manifest["metadata"]["name"]
        part = "data" if kind == "Secret" else "binaryData"
        patch: Manifest = {"metadata": {"namespace": namespace, "name": name}, part: dict.fromkeys(keys)}
        patch = require_version(patch, only_over) if only_over else patch
        path = f"{_path(kind, namespace, name)}?fieldManager={FIELD_MANAGER}"
        status, body = self._call(access, "PATCH", path, patch, content_type="application/merge-patch+json")
        doing = f"remove keys from the {kind} {namespace}/{name}"
        if status != HTTPStatus.OK:
            raise make_refusal_error(status, body, target=self.target, doing=doing, namespace=namespace)
        left = body.get(part) or {}
        is_removed = isinstance(left, Mapping) and not left.keys() & keys
        if not (is_removed and contains(body, {"metadata": {"namespace": namespace, "name": name}})):
            raise self._explain_other_object(status, doing=doing)
        return {**body, "kind": kind}

    def _call(
        self,
        access: Access,
        method: str,
        path: str,
        body: Manifest | None = None,
        *,
        content_type: str = "application/apply-patch+yaml",
        max_body: int = _MAX_BODY,
        if_too_large: str = "",
    ) -> tuple[int, Mapping[str, Any]]:
        """Status and JSON of the API server's answer, whatever it is; empty where it is not an object.

        Raises AddressError where no answer comes in time, SyncError where it has more than `max_body` bytes; the remedy
        is `if_too_large`.
        """
        host = access.client.configuration.host
        headers = {"Accept": "application/json", "User-Agent": FIELD_MANAGER}
        if access.bearer:
            headers["Authorization"] = f"Bearer {access.bearer}"
        if body is not None:
            headers["Content-Type"] = content_type
        with time_limit(_SECONDS_PER_CALL):
            try:
                response = access.client.request(  # type: ignore[no-untyped-call]
                    method, host + path, headers=headers, body=body, _request_timeout=_CONNECT_AND_READ_SECONDS
                ).response
                text = _read_body(response, max_body=max_body)
            except (HTTPError, ApiException) as error:
                raise make_unreachable_error(error, host=host, target=self.target) from None
        if text is None:
            failed = f"{host} of the cluster {self.target.cluster} answers with more than {max_body >> 20} MiB"
            raise SyncError(failed=failed, remedy=if_too_large)
        try:
            answer = json.loads(text)
        except (ValueError, RecursionError):
            answer = None
        return response.status, answer if isinstance(answer, dict) else {}

    def _explain_other_object(self, status: int, *, doing: str) -> SyncError:
        return SyncError(
            failed=f"{self.target.cluster}'s API server did not {doing}",
            why=f"its response ({status}) is not the object that was applied",
            remedy="does a proxy respond in its place, or a webhook change the object?",
        )

    def _check_written(self, access: Access, secret: Manifest) -> None:
        """Raise SyncError where somebody has changed the Secret since it was applied, OverlapError if another run."""
        namespace, name = secret["metadata"]["namespace"], secret["metadata"]["name"]
        found = self._read_object(access, kind="Secret", namespace=namespace, name=name) or {}
        changed = {key for key, value in secret["data"].items() if (found.get("data") or {}).get(key) != value}
        if contains(found, secret) and not list_foreign_keys(found, secret):
            return
        if changed and any(writer.is_ours and changed <= writer.data for writer in read_writers(found)):
            raise OverlapError(failed=f"another run wrote the Secret {namespace}/{name} as well", transient=True)
        raise SyncError(failed=f"the Secret {namespace}/{name} was changed while it was written", transient=True)


def _check_time(is_stopped: Callable[[], bool]) -> None:
    if is_stopped():
        raise SyncError(failed="out of time before it was written", transient=True)


def _read_body(response: urllib3.BaseHTTPResponse, *, max_body: int) -> bytearray | None:
    """The body, None where it is too large; a connection whose answer is read to its end serves the next request."""
    body = bytearray()  # a list of parts to join would take twice the memory
    try:
        while part := response.read(64 * 1024):
            body += part
            if len(body) > max_body:
                return None
    finally:
        if len(body) > max_body:
            response.close()
        response.release_conn()
    return body


def _describe_apply(manifest: Manifest) -> str:
    return f"apply the {manifest['kind']} {manifest['metadata']['namespace']}/{manifest['metadata']['name']}"


def _path(kind: str, namespace: str, name: str) -> str:
    return f"/api/v1/namespaces/{quote(namespace, safe='')}/{_PLURALS[kind]}/{quote(name, safe='')}"
