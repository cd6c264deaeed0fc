"""Many targets over a few API servers: each target has a namespace of its own on one of them."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import urllib3

from argo_ecr_auth.core.targets import Target
from argo_ecr_auth_cdk.schedules.schedule_groups import group_names
from argo_ecr_auth_settings.rbac import make_rbac_manifests
from argo_ecr_auth_settings.resolve import resolve_targets
from argo_ecr_auth_settings.validation import validate_settings
from tests.local_cloud.cloud import Cluster
from tests.local_cloud.control_plane import ADMIN
from tests.local_cloud.environment import REGION
from tests.local_cloud.kube_api import KubeApi
from tests.support.function import GROUP, REGISTRY

_WRITERS = 8


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """Targets as settings have them, in turn on the clusters."""

    clusters: Sequence[Cluster]
    written: Sequence[dict[str, Any]]

    @property
    def names(self) -> list[str]:
        return [target["name"] for target in self.written]

    @property
    def settings(self) -> dict[str, Any]:
        return {"access": "none", "credentials": [{"registry": REGISTRY}], "targets": list(self.written)}

    @property
    def targets(self) -> tuple[Target, ...]:
        return resolve_targets(validate_settings(self.settings), region=REGION)

    def make_groups(self, **limits: int) -> list[list[str]]:
        """The targets that each schedule names."""
        return [list(members) for members in group_names(self.names, **limits).values()]

    def count_requests(self) -> int:
        """The requests so far that principals of AWS sent to the API servers."""
        users = [event["user"]["username"] for cluster in self.clusters for event in cluster.audit_events()]
        return sum(user != ADMIN and not user.startswith("system:") for user in users)


def make_fleet(clusters: Sequence[Cluster], *, count: int, prefix: str) -> Fleet:
    """The targets, called by a prefix and a number, with their namespaces and Roles, and nothing in these."""
    written = []
    for number in range(count):
        name = f"{prefix}{number:04}"
        written.append({"name": name, "cluster": clusters[number % len(clusters)].name, "namespace": name})
    fleet = Fleet(clusters=clusters, written=written)
    for i, cluster in enumerate(clusters):
        _prepare(cluster.admin, fleet.targets[i :: len(clusters)])
    return fleet


def _prepare(admin: KubeApi, targets: Sequence[Target]) -> None:
    pool = urllib3.HTTPSConnectionPool(*_split(admin.endpoint), maxsize=_WRITERS, ca_cert_data=admin.ca_pem, block=True)

    def create(path: str, manifest: dict[str, Any]) -> None:
        headers = {"Authorization": f"Bearer {admin.token}", "Content-Type": "application/json"}
        answer = pool.request("POST", path, body=json.dumps(manifest), headers=headers)
        if answer.status != 201:
            raise RuntimeError(f"cannot create {path}: {answer.status} {answer.data.decode()}")

    def prepare(target: Target) -> None:
        create("/api/v1/namespaces", {"metadata": {"name": target.credentials[0].namespace}})
        for manifest in make_rbac_manifests(target, group=GROUP):
            plural = {"Role": "roles", "RoleBinding": "rolebindings"}[manifest["kind"]]
            namespace = manifest["metadata"]["namespace"]
            create(f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/{plural}", manifest)

    with ThreadPoolExecutor(max_workers=_WRITERS) as threads:
        list(threads.map(prepare, targets))


def _split(endpoint: str) -> tuple[str, int]:
    host, _, port = endpoint.removeprefix("https://").partition(":")
    return host, int(port)
