"""An API server in memory: namespaces, Roles, Secrets and ConfigMaps, with server-side apply and RBAC.

What it answers is held against a real API server by the same tests (`test_api_server.py`).
"""

import base64
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from argo_ecr_auth.core.timestamps import format_time
from tests.simulation.stored_object import (
    NOTHING,
    ConflictError,
    Path,
    StoredObject,
    apply,
    merge,
    read_leaves,
    render,
    update,
)

ADMIN = "admin"
"""The bearer token that may do everything."""

_KINDS = {"secrets": "Secret", "configmaps": "ConfigMap"}
_APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch+json"
_Key = tuple[str, str, str]  # namespace, plural, name


class ApiServer(Protocol):
    """What the simulation needs of an API server, in memory or a real one."""

    def request(
        self, method: str, path: str, body: object = None, *, content_type: str = "application/json", token: str = ADMIN
    ) -> tuple[int, Any]:
        """The status and the JSON of the answer."""


class _RefusedError(Exception):
    def __init__(self, status: HTTPStatus, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.answer = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "reason": reason,
            "code": int(status),
        }


@dataclass(frozen=True, kw_only=True)
class _Request:
    verb: str
    namespace: str
    plural: str
    name: str
    query: Mapping[str, list[str]]
    body: dict[str, Any]
    content_type: str

    @property
    def key(self) -> _Key:
        return self.namespace, self.plural, self.name

    @property
    def what(self) -> str:
        return f'{self.plural} "{self.name}"'

    @property
    def manager(self) -> str:
        return self.query.get("fieldManager", ["unknown"])[0]


@dataclass(kw_only=True)
class MemoryApiServer:
    """`users` maps bearer tokens to a name and groups."""

    users: Mapping[str, tuple[str, Sequence[str]]]
    now: Callable[[], datetime]
    _namespaces: set[str] = field(default_factory=set)
    _objects: dict[_Key, StoredObject] = field(default_factory=dict, repr=False)
    _identities: dict[_Key, tuple[str, str, int]] = field(default_factory=dict)  # uid, creation, version
    _rendered: dict[_Key, tuple[int, dict[str, Any]]] = field(default_factory=dict, repr=False)  # by their versions
    _roles: dict[_Key, dict[str, Any]] = field(default_factory=dict)
    _version: int = 0
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def request(
        self, method: str, path: str, body: object = None, *, content_type: str = "application/json", token: str = ADMIN
    ) -> tuple[int, Any]:
        """As an API server answers this request."""
        with self._lock:
            try:
                return self._answer(method, path, body if isinstance(body, dict) else {}, content_type, token)
            except _RefusedError as refused:
                return refused.status, refused.answer

    def _answer(
        self, method: str, path: str, body: dict[str, Any], content_type: str, token: str
    ) -> tuple[int, dict[str, Any]]:
        place, query = _parse(path)
        if token != ADMIN and token not in self.users:
            raise _RefusedError(HTTPStatus.UNAUTHORIZED, "Unauthorized", "Unauthorized")
        if place == "/api/v1/namespaces" and method == "POST" and token == ADMIN:
            self._namespaces.add(body["metadata"]["name"])
            return HTTPStatus.CREATED, body
        namespace, plural, *names = place.partition("/namespaces/")[2].split("/")
        request = _Request(
            verb={"POST": "create"}.get(method, method.lower()),
            namespace=namespace,
            plural=plural,
            name=names[0] if names else body["metadata"]["name"],
            query=query,
            body=body,
            content_type=content_type,
        )
        self._authorize(request, token, request.verb)
        if plural not in _KINDS:
            return self._change_role(request)
        if request.verb == "patch":
            return self._patch(request, token)
        return {"get": self._get, "create": self._create, "delete": self._delete}[request.verb](request)

    def _authorize(self, request: _Request, token: str, verb: str) -> None:
        if token == ADMIN:
            return
        user, groups = self.users[token]
        for (namespace, plural, _), binding in self._roles.items():
            if (namespace, plural) != (request.namespace, "rolebindings"):
                continue
            role = self._roles.get((namespace, "roles", binding["roleRef"]["name"]))
            subjects = {subject["name"] for subject in binding["subjects"] if subject["kind"] == "Group"}
            if role and subjects & set(groups) and any(_allows(rule, request, verb) for rule in role["rules"]):
                return
        raise _RefusedError(
            HTTPStatus.FORBIDDEN,
            "Forbidden",
            f'{request.what} is forbidden: User "{user}" cannot {verb} resource "{request.plural}" in API group "" '
            f'in the namespace "{request.namespace}"',
        )

    def _change_role(self, request: _Request) -> tuple[int, dict[str, Any]]:
        if request.verb == "create":
            self._roles[request.key] = request.body
            return HTTPStatus.CREATED, request.body
        if self._roles.pop(request.key, None) is None:
            raise _not_found(request)
        return HTTPStatus.OK, {}

    def _get(self, request: _Request) -> tuple[int, dict[str, Any]]:
        if request.key not in self._objects:
            raise _not_found(request)
        return HTTPStatus.OK, self._render(request.key)

    def _delete(self, request: _Request) -> tuple[int, dict[str, Any]]:
        self._get(request)
        del self._objects[request.key]
        return HTTPStatus.OK, {}

    def _create(self, request: _Request) -> tuple[int, dict[str, Any]]:
        if request.key in self._objects:
            raise _RefusedError(HTTPStatus.CONFLICT, "AlreadyExists", f"{request.what} already exists")
        leaves = _default(request) | read_leaves(request.body)
        return self._store(request, NOTHING, update(NOTHING, leaves, manager=request.manager, time=self._time))

    def _patch(self, request: _Request, token: str) -> tuple[int, dict[str, Any]]:
        found = self._objects.get(request.key)
        wanted = (request.body.get("metadata") or {}).get("resourceVersion")
        if found is None and request.content_type != _APPLY:
            raise _not_found(request)
        if found is None:
            self._authorize(request, token, "create")
        if wanted and found and wanted != str(self._identities[request.key][2]):
            raise _conflict(request, "the object has been modified; please apply your changes to the latest version")
        if request.content_type == _MERGE:
            assert found is not None
            leaves = merge(found, request.body)
            return self._store(request, found, update(found, leaves, manager=request.manager, time=self._time))
        force = request.query.get("force") == ["true"]
        try:
            new = apply(
                found or NOTHING, read_leaves(request.body), manager=request.manager, force=force, time=self._time
            )
        except ConflictError:
            raise _conflict(request, "Apply failed with a conflict") from None
        # The default belongs to nobody.
        return self._store(request, found or NOTHING, replace(new, leaves=_default(request) | dict(new.leaves)))

    def _store(self, request: _Request, found: StoredObject, new: StoredObject) -> tuple[int, dict[str, Any]]:
        if request.namespace not in self._namespaces:
            message = f'namespaces "{request.namespace}" not found'
            raise _RefusedError(HTTPStatus.NOT_FOUND, "NotFound", message)
        _validate(request, found, new)
        if new != found:
            self._version += 1
            uid, created, _ = self._identities[request.key] if found is not NOTHING else (str(uuid4()), self._time, 0)
            self._identities[request.key] = uid, created, self._version
        self._objects[request.key] = new
        return HTTPStatus.CREATED if found is NOTHING else HTTPStatus.OK, self._render(request.key)

    def _render(self, key: _Key) -> dict[str, Any]:
        version = self._identities[key][2]
        if self._rendered.get(key, (0, {}))[0] != version:
            self._rendered[key] = version, self._render_again(key)
        return self._rendered[key][1]

    def _render_again(self, key: _Key) -> dict[str, Any]:
        namespace, plural, name = key
        uid, created, version = self._identities[key]
        document = render(self._objects[key])
        identity = {"namespace": namespace, "name": name, "uid": uid, "creationTimestamp": created}
        metadata = {**identity, "resourceVersion": str(version), **document["metadata"]}
        return {"kind": _KINDS[plural], "apiVersion": "v1", **document, "metadata": metadata}

    @property
    def _time(self) -> str:
        return format_time(self.now())


@cache
def _parse(path: str) -> tuple[str, Mapping[str, list[str]]]:
    parts = urlsplit(path)
    return parts.path, parse_qs(parts.query)


def _default(request: _Request) -> dict[Path, Any]:
    return {("type",): "Opaque"} if request.plural == "secrets" else {}


def _allows(rule: Mapping[str, Any], request: _Request, verb: str) -> bool:
    named = rule.get("resourceNames") or [request.name]
    return verb in rule["verbs"] and request.plural in rule["resources"] and request.name in named


def _validate(request: _Request, found: StoredObject, new: StoredObject) -> None:
    data = {path[1]: value for path, value in new.leaves.items() if path[0] == "data"}
    if not all(isinstance(value, str) for value in data.values()):
        raise _RefusedError(HTTPStatus.BAD_REQUEST, "BadRequest", "a value is no text")
    if request.plural == "secrets":
        try:
            for value in data.values():
                base64.b64decode(value, validate=True)
        except ValueError:
            status = HTTPStatus.INTERNAL_SERVER_ERROR if request.content_type == _APPLY else HTTPStatus.BAD_REQUEST
            raise _RefusedError(status, "BadRequest", "illegal base64 data") from None
    binary = {path[1] for path in new.leaves if path[0] == "binaryData"}
    was = {path: value for path, value in found.leaves.items() if path[0] in {"data", "binaryData"}}
    fixed = found is not NOTHING and (
        found.leaves.get(("type",)) != new.leaves.get(("type",))
        or (
            found.leaves.get(("immutable",)) is True
            and (new.leaves.get(("immutable",)), was)
            != (True, {path: value for path, value in new.leaves.items() if path[0] in {"data", "binaryData"}})
        )
    )
    if binary & data.keys() or fixed:
        raise _RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid", f"{request.what} is invalid")


def _not_found(request: _Request) -> _RefusedError:
    return _RefusedError(HTTPStatus.NOT_FOUND, "NotFound", f"{request.what} not found")


def _conflict(request: _Request, why: str) -> _RefusedError:
    return _RefusedError(HTTPStatus.CONFLICT, "Conflict", f"Operation cannot be fulfilled on {request.what}: {why}")
