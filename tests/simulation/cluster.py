"""The simulated clusters: each is a namespace of one real kube-apiserver."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import urllib3

from argo_ecr_auth.core.targets import Target
from tests.local_cloud.control_plane import ControlPlane
from tests.support.function import GROUP, grant

MEMBER = "member"
"""The bearer token, and name, of a user in the group that the access entries name."""
USERS = {MEMBER: (MEMBER, [GROUP])}
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
_OBJECTS = (
    "/api/v1/namespaces/{}/secrets",
    "/api/v1/namespaces/{}/configmaps",
    "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings",
    "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles",
)


@dataclass(kw_only=True)
class Cluster:
    """A cluster, as its administrator uses it."""

    name: str  # also of its namespace
    plane: ControlPlane
    http: urllib3.PoolManager
    _objects: dict[str, Mapping[str, Any]] = field(default_factory=dict)  # by path, until something writes

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        content_type: str = "application/json",
        token: str | None = None,
    ) -> tuple[int, Any]:
        """The status and the JSON of the answer; without a token, to the administrator."""
        if method != "GET":
            self.forget()
        response = self.http.request(
            method,
            self.plane.endpoint + path,
            headers={"Authorization": f"Bearer {token or self.plane.admin_token}", "Content-Type": content_type},
            body=None if body is None else json.dumps(body).encode(),
        )
        return response.status, json.loads(response.data)

    def read(self, path: str) -> Mapping[str, Any]:
        """The object, empty if there is none."""
        if path not in self._objects:
            status, found = self.request("GET", path)
            self._objects[path] = found if status == HTTPStatus.OK else {}
        return self._objects[path]

    def forget(self) -> None:
        """Read the objects again: somebody may have written them."""
        self._objects = {}

    def begin(self) -> None:
        """Its namespace is empty, and has the same name in each history: some of what a run does depends on names."""
        status, answer = self.request("POST", "/api/v1/namespaces", {"metadata": {"name": self.name}})
        assert status in {HTTPStatus.CREATED, HTTPStatus.CONFLICT}, answer
        for path in _OBJECTS:
            status, answer = self.request("DELETE", path.format(self.name))
            assert status == HTTPStatus.OK, answer

    def grant(self, target: Target) -> None:
        grant(self, target)
        self._await_access(granted=True)

    def revoke(self) -> None:
        for plural in ("rolebindings", "roles"):
            path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{self.name}/{plural}/{GROUP}"
            status, answer = self.request("DELETE", path)
            assert status == HTTPStatus.OK, answer
        self._await_access(granted=False)

    def _await_access(self, *, granted: bool) -> None:
        """The API server notices a change of RBAC within moments."""
        path = f"/api/v1/namespaces/{self.name}/configmaps/ecr-auth"
        while (self.request("GET", path, token=MEMBER)[0] != HTTPStatus.FORBIDDEN) != granted:
            pass
