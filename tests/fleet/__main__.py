"""`python -m tests.fleet`: measures the function and the command line over up to 1,000 targets.

Each target has a namespace of its own on one of a few real API servers. An argument is the largest number of targets.
"""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.processes import describe_machine
from tests.fleet.commands import measure_commands
from tests.fleet.deployment import measure_deployment
from tests.fleet.faulty_runs import measure_faults
from tests.fleet.fleet import make_fleet
from tests.fleet.growth import measure_group_sizes, measure_growth
from tests.local_cloud import binaries
from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.support.function import PERMISSIONS, admit

_MOST = 1_000
_TARGETS_PER_SERVER = 250


def main(arguments: Sequence[str]) -> None:
    most = int(arguments[0]) if arguments else _MOST
    counts = [count for count in (1, 10, 100, 1_000) if count < most] + [most]
    with tempfile.TemporaryDirectory() as folder, LocalCloud(Path(folder) / "cloud") as cloud:
        role = cloud.create_role("function", allow=PERMISSIONS)
        clusters = _create_clusters(cloud, role, count=max(2, most // _TARGETS_PER_SERVER))
        print(_describe_machine(servers=len(clusters)))
        measure_deployment(clusters, count=most, cloud=cloud, directory=Path(folder))
        fleets = [make_fleet(clusters, count=count, prefix=f"fleet-{count}-") for count in counts]
        measure_growth(fleets, cloud=cloud, role=role, directory=Path(folder))
        measure_group_sizes(fleets[-1], cloud=cloud, role=role, directory=Path(folder))
        measure_commands(fleets, cloud=cloud, role=role, directory=Path(folder))
        measure_faults(fleets[-1], cloud=cloud, role=role, directory=Path(folder))


def _create_clusters(cloud: LocalCloud, role: str, *, count: int) -> list[Cluster]:
    names = [f"server-{number}" for number in range(count)]
    for name in names:
        cloud.begin_cluster(name)
    clusters = [cloud.finish_cluster(name) for name in names]
    for cluster in clusters:
        admit(cloud, cluster, role)
    return clusters


def _describe_machine(*, servers: int) -> str:
    kubernetes = subprocess.check_output([binaries.find().kube_apiserver, "--version"], text=True).strip()
    return f"{describe_machine()}; {servers} API servers ({kubernetes})"


if __name__ == "__main__":
    main(sys.argv[1:])
