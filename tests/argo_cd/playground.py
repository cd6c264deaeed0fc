"""An Argo CD whose credentials each test chooses. The function runs in this process and writes them."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from itertools import product
from pathlib import Path
from typing import Any, Self

import pytest

from argo_ecr_auth.aws.sessions import Sessions
from argo_ecr_auth.core.kinds import SECRET_TYPE_LABEL
from argo_ecr_auth.core.manifests import CONFIG_MAP_LABEL
from argo_ecr_auth.core.results import Result
from argo_ecr_auth_settings.rbac import make_rbac_manifests
from tests.argo_cd.assets import Assets
from tests.argo_cd.programs import ArgoCd, install_definitions
from tests.local_cloud.cloud import LocalCloud
from tests.local_cloud.environment import REGION
from tests.support.ecr import Ecr
from tests.support.function import GROUP, PERMISSIONS, REGISTRY, Function, admit, make_environment, make_settings
from tests.support.objects import Objects, encode_base64

NAMESPACE = "argocd"


@dataclass(frozen=True, kw_only=True)
class Playground:
    """Argo CD in a cluster of its own; `environment` is what Lambda would give the function."""

    argo_cd: ArgoCd
    environment: Mapping[str, str]

    @classmethod
    def make(cls, assets: Assets, cloud: LocalCloud, ecr: Ecr, directory: Path) -> Self:
        cluster = cloud.create_cluster("playground", namespaces=[NAMESPACE])
        role = cloud.create_role("playground", allow=PERMISSIONS)
        admit(cloud, cluster, role)
        install_definitions(assets, cluster)
        argo_cd = ArgoCd(
            namespace=NAMESPACE, directory=directory, assets=assets, cluster=cluster, environment=ecr.environment
        )
        return cls(argo_cd=argo_cd, environment=make_environment(cloud, role) | ecr.environment)

    def write(self, *credentials: Mapping[str, Any]) -> tuple[Result, ...]:
        """Run the function with these credentials of the registry; its results."""
        cluster = self.argo_cd.cluster.name
        written = [{"registry": REGISTRY, **credential} for credential in credentials]
        settings = make_settings({"cluster": cluster, "credentials": written})
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            function = Function(sessions=Sessions(region=REGION), settings=settings)
            (target,) = function.targets
            self.argo_cd.apply(*make_rbac_manifests(target, group=GROUP))
            results = function.run()
        assert [result for result in results if result.action == "failed"] == []
        return results

    def replace(self, *credentials: Mapping[str, Any]) -> None:
        """Run the function with these credentials, after all others are deleted."""
        for plural, label in (("secrets", SECRET_TYPE_LABEL), ("configmaps", CONFIG_MAP_LABEL)):
            self._request("DELETE", f"{plural}?labelSelector={label}")
        self.write(*credentials)

    def remove_slashes(self) -> None:
        """End the templates' URLs without a slash, as version 0.1.0 wrote them."""
        found = self._request("GET", f"secrets?labelSelector={SECRET_TYPE_LABEL}=repo-creds")
        for secret in found["items"]:
            url = base64.b64decode(secret["data"]["url"]).decode().removesuffix("/")
            self.find(secret["metadata"]["name"]).patch("secrets", {"data": {"url": encode_base64(url)}})

    def delete(self, *secret_names: str) -> None:
        """Delete these credentials' Secrets and ConfigMaps."""
        for name, plural in product(secret_names, ("secrets", "configmaps")):
            self.find(name).delete(plural)

    def find(self, secret_name: str) -> Objects:
        return Objects(admin=self.argo_cd.cluster.admin, namespace=NAMESPACE, name=secret_name)

    def _request(self, method: str, path: str) -> dict[str, Any]:
        status, answer = self.argo_cd.cluster.admin.request(method, f"/api/v1/namespaces/{NAMESPACE}/{path}")
        assert status == HTTPStatus.OK, answer
        return dict(answer)
