"""Many targets over a few API servers: each target has a namespace of its own on one of them."""

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from argo_ecr_auth.core.targets import Target
from argo_ecr_auth_cdk.schedules.schedule_groups import group_names
from argo_ecr_auth_settings.resolve import resolve_targets
from argo_ecr_auth_settings.validation import validate_settings
from tests.local_cloud.cloud import Cluster
from tests.local_cloud.control_plane import ADMIN
from tests.local_cloud.environment import REGION
from tests.local_cloud.kube_api import KubeApi
from tests.support.function import REGISTRY, grant

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
    with ThreadPoolExecutor(max_workers=_WRITERS) as threads:
        list(threads.map(_prepare, itertools.cycle(cluster.admin for cluster in clusters), fleet.targets))
    return fleet


def _prepare(admin: KubeApi, target: Target) -> None:
    admin.create_namespace(target.credentials[0].namespace)
    grant(admin, target)
