"""The Secret and the ConfigMap of one credential in a cluster."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from argo_ecr_auth.core.kinds import KINDS
from tests.local_cloud.kube_api import KubeApi


@dataclass(frozen=True, kw_only=True)
class Objects:
    """The Secret and the ConfigMap of one credential, as the cluster's administrator sees and changes them."""

    admin: KubeApi
    namespace: str
    name: str = "ecr-auth"

    def path(self, plural: str) -> str:
        return f"/api/v1/namespaces/{self.namespace}/{plural}/{self.name}"

    def get(self, plural: str) -> dict[str, Any] | None:
        status, answer = self.admin.request("GET", self.path(plural))
        assert status in {200, 404}, answer
        return dict(answer) if status == 200 else None

    def require(self, plural: str) -> dict[str, Any]:
        found = self.get(plural)
        assert found is not None, f"no {plural} {self.namespace}/{self.name}"
        return found

    def create(self, plural: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Create it, as somebody else would, under its name."""
        named = {**body, "metadata": {**body.get("metadata", {}), "name": self.name}}
        status, answer = self.admin.request("POST", self.path(plural).rpartition("/")[0], named)
        assert status == 201, answer
        return dict(answer)

    def patch(self, plural: str, change: dict[str, Any], *, manager: str = "") -> None:
        path = f"{self.path(plural)}?fieldManager={manager}" if manager else self.path(plural)
        status, answer = self.admin.request("PATCH", path, change, content_type="application/merge-patch+json")
        assert status == 200, answer

    def delete(self, plural: str) -> None:
        status, answer = self.admin.request("DELETE", self.path(plural))
        assert status == 200, answer

    @property
    def password(self) -> str:
        return base64.b64decode(self.require("secrets")["data"]["password"]).decode()

    @property
    def payload(self) -> str:
        """The password, or the docker configuration of a pull-secret."""
        data = self.require("secrets")["data"]
        (key,) = {kind.payload_key for kind in KINDS.values()} & set(data)
        return base64.b64decode(data[key]).decode()

    @property
    def versions(self) -> tuple[str, str]:
        secret, config_map = self.require("secrets"), self.require("configmaps")
        return secret["metadata"]["resourceVersion"], config_map["metadata"]["resourceVersion"]

    def text(self) -> str:
        """The ConfigMap as text, for a search."""
        return json.dumps(self.require("configmaps"))


def encode_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
