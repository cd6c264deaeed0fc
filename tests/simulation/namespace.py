"""A namespace of an API server, and what the tests do in it."""

import json
from dataclasses import dataclass
from typing import Any

from tests.simulation.api_request import APPLY, KINDS, MERGE
from tests.simulation.api_server import ADMIN, ApiServer

_ROLES = "/apis/rbac.authorization.k8s.io/v1/namespaces"


@dataclass(kw_only=True)
class Namespace:
    """A namespace of an API server, and what is done in it."""

    server: ApiServer
    name: str

    def path(self, plural: str, name: str = "x") -> str:
        return f"/api/v1/namespaces/{self.name}/{plural}/{name}"

    def get(self, plural: str = "secrets", *, token: str = ADMIN, name: str = "x") -> tuple[int, Any]:
        return self.server.request("GET", self.path(plural, name), token=token)

    def found(self, plural: str = "secrets") -> dict[str, Any]:
        status, answer = self.get(plural)
        assert status == 200
        return dict(answer)

    def create(self, plural: str = "secrets", **content: Any) -> tuple[int, Any]:
        path = f"/api/v1/namespaces/{self.name}/{plural}?fieldManager=creator"
        return self.server.request("POST", path, {"metadata": {"name": "x"}, **content})

    def apply(
        self,
        plural: str = "secrets",
        *,
        by: str = "us",
        force: bool = True,
        token: str = ADMIN,
        name: str = "x",
        metadata: dict[str, Any] | None = None,
        **content: Any,
    ) -> tuple[int, Any]:
        body = {"apiVersion": "v1", "kind": KINDS[plural], "metadata": {"name": name, **(metadata or {})}, **content}
        path = f"{self.path(plural, name)}?fieldManager={by}&force={json.dumps(force)}"
        return self.server.request("PATCH", path, body, content_type=APPLY, token=token)

    def merge(self, plural: str = "secrets", *, by: str = "somebody", **change: Any) -> tuple[int, Any]:
        path = f"{self.path(plural)}?fieldManager={by}"
        return self.server.request("PATCH", path, change, content_type=MERGE)

    def owners(self, plural: str = "secrets") -> dict[tuple[str, str], Any]:
        return {
            (entry["manager"], entry["operation"]): _without_dots(entry["fieldsV1"])
            for entry in self.found(plural)["metadata"]["managedFields"]
        }

    def grant(self, *names: str) -> None:
        rule = {"apiGroups": [""], "resources": ["secrets", "configmaps"], "verbs": ["get", "create", "patch"]}
        role = {"metadata": {"name": "r"}, "rules": [{**rule, "resourceNames": list(names)}]}
        binding = {
            "metadata": {"name": "r"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "argo-ecr-auth"}],
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
        }
        for plural, manifest in (("roles", role), ("rolebindings", binding)):
            status, answer = self.server.request("POST", f"{_ROLES}/{self.name}/{plural}", manifest)
            assert status == 201, answer

    def revoke(self) -> None:
        assert self.server.request("DELETE", f"{_ROLES}/{self.name}/roles/r")[0] == 200


def _without_dots(fields: Any) -> Any:
    """A "." stands for a map itself: only updates have it, and nothing of ours reads it."""
    return {key: _without_dots(value) for key, value in fields.items() if key != "."}


def read_version(found: dict[str, Any]) -> str:
    return str(found["metadata"]["resourceVersion"])
