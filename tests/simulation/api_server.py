"""An API server in memory: namespaces, Roles, Secrets and ConfigMaps, with server-side apply and RBAC.

What it answers is held against a real API server by the same tests (`test_api_server.py`, `test_server_side_apply.py`).
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from http import HTTPStatus
from typing import Any, Protocol
from uuid import uuid4

from argo_ecr_auth.core.timestamps import format_time
from tests.simulation.api_request import (
    APPLY,
    KINDS,
    MERGE,
    ApiRequest,
    Key,
    RefusedError,
    explain_conflict,
    explain_not_found,
    parse_path,
)
from tests.simulation.object_rules import find_defaults, validate
from tests.simulation.stored_object import (
    NOTHING,
    ConflictError,
    StoredObject,
    apply,
    merge,
    read_leaves,
    render,
    update,
)

ADMIN = "admin"
"""The bearer token that may do everything."""


class ApiServer(Protocol):
    """What the simulation needs of an API server, in memory or a real one."""

    def request(
        self, method: str, path: str, body: object = None, *, content_type: str = "application/json", token: str = ADMIN
    ) -> tuple[int, Any]:
        """The status and the JSON of the answer."""


@dataclass(kw_only=True)
class MemoryApiServer:
    """`users` maps bearer tokens to a name and groups."""

    users: Mapping[str, tuple[str, Sequence[str]]]
    now: Callable[[], datetime]
    _namespaces: set[str] = field(default_factory=set)
    _objects: dict[Key, StoredObject] = field(default_factory=dict, repr=False)
    _identities: dict[Key, tuple[str, str, int]] = field(default_factory=dict)  # uid, creation, version
    _rendered: dict[Key, tuple[int, dict[str, Any]]] = field(default_factory=dict, repr=False)  # by their versions
    _roles: dict[Key, dict[str, Any]] = field(default_factory=dict)
    _version: int = 0
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def request(
        self, method: str, path: str, body: object = None, *, content_type: str = "application/json", token: str = ADMIN
    ) -> tuple[int, Any]:
        """As an API server answers this request."""
        with self._lock:
            try:
                return self._answer(method, path, body if isinstance(body, dict) else {}, content_type, token)
            except RefusedError as refused:
                return refused.status, refused.answer

    def _answer(
        self, method: str, path: str, body: dict[str, Any], content_type: str, token: str
    ) -> tuple[int, dict[str, Any]]:
        place, query = parse_path(path)
        if token != ADMIN and token not in self.users:
            raise RefusedError(HTTPStatus.UNAUTHORIZED, "Unauthorized", "Unauthorized")
        if place == "/api/v1/namespaces" and method == "POST" and token == ADMIN:
            self._namespaces.add(body["metadata"]["name"])
            return HTTPStatus.CREATED, body
        namespace, plural, *names = place.partition("/namespaces/")[2].split("/")
        request = ApiRequest(
            verb={"POST": "create"}.get(method, method.lower()),
            namespace=namespace,
            plural=plural,
            name=names[0] if names else body["metadata"]["name"],
            query=query,
            body=body,
            content_type=content_type,
        )
        self._authorize(request, token, request.verb)
        if plural not in KINDS:
            return self._change_role(request)
        if request.verb == "patch":
            return self._patch(request, token)
        return {"get": self._get, "create": self._create, "delete": self._delete}[request.verb](request)

    def _authorize(self, request: ApiRequest, token: str, verb: str) -> None:
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
        raise RefusedError(
            HTTPStatus.FORBIDDEN,
            "Forbidden",
            f'{request.what} is forbidden: User "{user}" cannot {verb} resource "{request.plural}" in API group "" '
            f'in the namespace "{request.namespace}"',
        )

    def _change_role(self, request: ApiRequest) -> tuple[int, dict[str, Any]]:
        if request.verb == "create":
            self._roles[request.key] = request.body
            return HTTPStatus.CREATED, request.body
        if self._roles.pop(request.key, None) is None:
            raise explain_not_found(request)
        return HTTPStatus.OK, {}

    def _get(self, request: ApiRequest) -> tuple[int, dict[str, Any]]:
        if request.key not in self._objects:
            raise explain_not_found(request)
        return HTTPStatus.OK, self._render(request.key)

    def _delete(self, request: ApiRequest) -> tuple[int, dict[str, Any]]:
        self._get(request)
        del self._objects[request.key]
        return HTTPStatus.OK, {}

    def _create(self, request: ApiRequest) -> tuple[int, dict[str, Any]]:
        if request.key in self._objects:
            raise RefusedError(HTTPStatus.CONFLICT, "AlreadyExists", f"{request.what} already exists")
        leaves = find_defaults(request) | read_leaves(request.body)
        return self._store(request, NOTHING, update(NOTHING, leaves, manager=request.manager, time=self._time))

    def _patch(self, request: ApiRequest, token: str) -> tuple[int, dict[str, Any]]:
        found = self._objects.get(request.key)
        wanted = (request.body.get("metadata") or {}).get("resourceVersion")
        if found is None and request.content_type != APPLY:
            raise explain_not_found(request)
        if found is None:
            self._authorize(request, token, "create")
        if wanted and found and wanted != str(self._identities[request.key][2]):
            raise explain_conflict(
                request, "the object has been modified; please apply your changes to the latest version"
            )
        if request.content_type == MERGE:
            assert found is not None
            leaves = merge(found, request.body)
            return self._store(request, found, update(found, leaves, manager=request.manager, time=self._time))
        force = request.query.get("force") == ["true"]
        try:
            new = apply(
                found or NOTHING, read_leaves(request.body), manager=request.manager, force=force, time=self._time
            )
        except ConflictError:
            raise explain_conflict(request, "Apply failed with a conflict") from None
        # The default belongs to nobody.
        return self._store(request, found or NOTHING, replace(new, leaves=find_defaults(request) | dict(new.leaves)))

    def _store(self, request: ApiRequest, found: StoredObject, new: StoredObject) -> tuple[int, dict[str, Any]]:
        if request.namespace not in self._namespaces:
            message = f'namespaces "{request.namespace}" not found'
            raise RefusedError(HTTPStatus.NOT_FOUND, "NotFound", message)
        validate(request, found, new)
        if new != found:
            self._version += 1
            uid, created, _ = self._identities[request.key] if found is not NOTHING else (str(uuid4()), self._time, 0)
            self._identities[request.key] = uid, created, self._version
        self._objects[request.key] = new
        return HTTPStatus.CREATED if found is NOTHING else HTTPStatus.OK, self._render(request.key)

    def _render(self, key: Key) -> dict[str, Any]:
        version = self._identities[key][2]
        if self._rendered.get(key, (0, {}))[0] != version:
            self._rendered[key] = version, self._render_again(key)
        return self._rendered[key][1]

    def _render_again(self, key: Key) -> dict[str, Any]:
        namespace, plural, name = key
        uid, created, version = self._identities[key]
        document = render(self._objects[key])
        identity = {"namespace": namespace, "name": name, "uid": uid, "creationTimestamp": created}
        metadata = {**identity, "resourceVersion": str(version), **document["metadata"]}
        return {"kind": KINDS[plural], "apiVersion": "v1", **document, "metadata": metadata}

    @property
    def _time(self) -> str:
        return format_time(self.now())


def _allows(rule: Mapping[str, Any], request: ApiRequest, verb: str) -> bool:
    named = rule.get("resourceNames") or [request.name]
    return verb in rule["verbs"] and request.plural in rule["resources"] and request.name in named
