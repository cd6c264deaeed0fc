"""What the function costs, by the number of targets: in all, and by the size of a group."""

import statistics
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.environment import Environment, find_errors, make_asset, make_variables
from tests.benchmarks.table import print_table
from tests.fleet.fleet import Fleet
from tests.local_cloud.cloud import LocalCloud

_GROUP_SIZES = (1, 2, 5, 10, 20, 50, 100)
_REPEATS = 5
_HEADERS = (
    *("targets", "stage", "runs", "wall", "longest", "CPU", "CPU ms each", "peak MB", "open files"),
    *("DescribeCluster", "ECR", "API server, each"),
)
_STAGES: tuple[tuple[str, dict[str, bool], str], ...] = (
    ("first", {}, "created"),
    ("idle", {}, "fresh"),
    ("renewal", {"force": True}, "renewed"),
)


def measure_growth(fleets: Sequence[Fleet], *, cloud: LocalCloud, role: str, directory: Path) -> None:
    """One environment meets all groups of a fleet in turn: none can come to hold more."""
    rows = []
    for fleet in fleets:
        groups, count = fleet.make_groups(), len(fleet.names)
        asset = make_asset(directory / f"asset-{count}", fleet.settings)
        with Environment(asset, variables=make_variables(cloud, role)) as environment:
            for stage, order, action in _STAGES:
                aws, api = len(cloud.requests()), fleet.count_requests()
                runs = [environment.run_group(group, **order) for group in groups]
                actions = Counter(action for run in runs for action in run.actions.values())
                assert actions == {action: count}, find_errors(runs)
                asked = Counter(request["action"] for request in cloud.requests()[aws:])
                wall, cpu = sum(run.wall for run in runs), sum(run.cpu for run in runs)
                rows.append(
                    (
                        f"{count:,}",
                        stage,
                        str(len(groups)),
                        f"{wall:.2f}",
                        f"{max(run.wall for run in runs):.2f}",
                        f"{cpu:.2f}",
                        f"{cpu / count * 1000:.1f}",
                        f"{runs[-1].peak_mb:.0f}",
                        str(runs[-1].open_files),
                        str(asked["DescribeCluster"]),
                        str(asked["GetAuthorizationToken"]),
                        f"{(fleet.count_requests() - api) / count:.1f}",
                    )
                )
    print_table(
        "the function: all groups, one after the other, in one environment (seconds)",
        _HEADERS,
        rows,
    )


def measure_group_sizes(fleet: Fleet, *, cloud: LocalCloud, role: str, directory: Path) -> None:
    """Idle and renewing runs over so many targets, in a warm environment; medians."""
    asset = make_asset(directory / "asset-groups", fleet.settings)
    rows, first = [], None
    with Environment(asset, variables=make_variables(cloud, role)) as environment:
        for size in (size for size in _GROUP_SIZES if size <= len(fleet.names)):
            group = fleet.names[:size]
            environment.run_group(group)
            idle, renewal = (
                [environment.run_group(group, force=force) for _ in range(_REPEATS)] for force in (False, True)
            )
            figures = [
                statistics.median(getattr(run, what) for run in runs)
                for runs in (idle, renewal)
                for what in ("wall", "cpu")
            ]
            first = first or figures
            ratios = [f"{figure / one:.1f}" for figure, one in zip(figures, first, strict=True)]
            cells = [cell for figure, ratio in zip(figures, ratios, strict=True) for cell in (f"{figure:.3f}", ratio)]
            rows.append((str(size), *cells))
    print_table(
        f"a run, by the size of its group (seconds, and beside a group of one; medians of {_REPEATS})",
        ("targets", "idle wall", "x", "idle CPU", "x", "renewal wall", "x", "renewal CPU", "x"),
        rows,
    )
