"""Forty targets in the groups that schedules make, with the real asset; `make fleet` measures a thousand."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.benchmarks.environment import Environment, make_asset, make_variables
from tests.fleet.faults import DEAD, EVERY, REFUSING, SILENT, SLOW, make_faulty
from tests.fleet.fleet import Fleet, make_fleet
from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.support.function import admit

_TARGETS = 40
_GROUPS = 8
_ACCEPTED_GROWTH_MB = 8


@pytest.fixture(scope="module")
def clusters(local_cloud: LocalCloud, cluster: Cluster, role: str) -> Iterator[list[Cluster]]:
    with local_cloud.run_cluster("fleet") as second:
        admit(local_cloud, second, role)
        yield [cluster, second]


@pytest.fixture(scope="module")
def fleet(clusters: list[Cluster]) -> Fleet:
    return make_fleet(clusters, count=_TARGETS, prefix="fleet-")


@pytest.fixture(scope="module")
def asset(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_asset(tmp_path_factory.mktemp("fleet") / "asset", fleet.settings)


@pytest.fixture
def environment(asset: Path, local_cloud: LocalCloud, role: str) -> Iterator[Environment]:
    with Environment(asset, variables=make_variables(local_cloud, role)) as environment:
        yield environment


def test_what_a_fleet_asks_and_that_memory_does_not_grow_with_it(
    fleet: Fleet, environment: Environment, local_cloud: LocalCloud
) -> None:
    groups = fleet.make_groups(max_groups=_GROUPS)
    asked, before = len(local_cloud.requests()), fleet.count_requests()

    first = [environment.run_group(group) for group in groups]

    assert Counter(action for run in first for action in run.actions.values()) == {"created": _TARGETS}
    actions = Counter(request["action"] for request in local_cloud.requests()[asked:])
    assert actions == {"DescribeCluster": _TARGETS, "GetAuthorizationToken": _GROUPS}
    assert fleet.count_requests() - before == 5 * _TARGETS
    assert first[-1].peak_mb - first[0].peak_mb < _ACCEPTED_GROWTH_MB

    asked, before = len(local_cloud.requests()), fleet.count_requests()

    second = [environment.run_group(group) for group in groups]

    assert Counter(action for run in second for action in run.actions.values()) == {"fresh": _TARGETS}
    assert local_cloud.requests()[asked:] == []
    assert fleet.count_requests() - before == 2 * _TARGETS


def test_a_tenth_of_the_clusters_keeps_nobody_else_waiting(
    fleet: Fleet, tmp_path: Path, local_cloud: LocalCloud, role: str
) -> None:
    """A run ends with its time: whoever waited for a silent cluster would be reported as not done."""
    with make_faulty(fleet) as faulty:
        asset = make_asset(tmp_path / "asset", faulty.fleet.settings)
        with Environment(asset, variables=make_variables(local_cloud, role)) as environment:
            runs = [environment.run_group(group, seconds=12) for group in fleet.make_groups(max_groups=_GROUPS)]

    results = {result["target"]: result for run in runs for result in run.results}
    assert Counter(faulty.faults.values()) == {DEAD: 1, SILENT: 1, SLOW: 1, REFUSING: 1}
    assert len(faulty.faults) * EVERY == len(results) == _TARGETS
    assert {name for name, result in results.items() if result["action"] == "failed"} == faulty.lost
    assert {results[name]["action"] for name in results.keys() - faulty.lost} <= {"fresh", "created"}
    words = {DEAD: "does not answer", SILENT: "timed out", REFUSING: "its Role is"}
    for name in faulty.lost:
        assert words[faulty.faults[name]] in results[name]["error"]
