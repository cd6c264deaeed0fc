"""What faulty clusters cost the others of their groups."""

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue

from tests.benchmarks.environment import RUN_SECONDS, Environment, Run, find_errors, make_asset, make_variables
from tests.benchmarks.table import print_table
from tests.fleet.faults import EVERY, make_faulty
from tests.fleet.fleet import Fleet
from tests.local_cloud.cloud import LocalCloud

_ENVIRONMENTS = 8


def measure_faults(fleet: Fleet, *, cloud: LocalCloud, role: str, directory: Path) -> None:
    """A tenth of the clusters faulty; several environments share the groups, as in Lambda."""
    with make_faulty(fleet) as faulty, ExitStack() as stack:
        asset = make_asset(directory / "asset-faults", faulty.fleet.settings)
        idle: SimpleQueue[Environment] = SimpleQueue()
        for _ in range(_ENVIRONMENTS):
            idle.put(stack.enter_context(Environment(asset, variables=make_variables(cloud, role))))

        def run(group: list[str]) -> Run:
            environment = idle.get()
            try:
                return environment.run_group(group)
            finally:
                idle.put(environment)

        with ThreadPoolExecutor(max_workers=_ENVIRONMENTS) as pool:
            runs = list(pool.map(run, fleet.make_groups()))
    actions = {name: action for run in runs for name, action in run.actions.items()}
    kinds = [*dict.fromkeys(faulty.faults.values())]
    rows = []
    for kind in (None, *kinds):
        names = [name for name in fleet.names if faulty.faults.get(name) == kind]
        with_it = (
            [run for run in runs if run.actions.keys() & names]
            if kind
            else [run for run in runs if not run.actions.keys() & faulty.faults]
        )
        others = [name for run in with_it for name in run.actions if name not in faulty.faults]
        rows.append(
            (
                kind or "none",
                str(len(names)),
                _format_actions(actions[name] for name in names),
                str(len(with_it)),
                f"{len(others)}: {_format_actions(actions[name] for name in others)}",
                f"{max((run.wall for run in with_it), default=0):.1f}",
            )
        )
    assert {name for name, action in actions.items() if action == "failed"} == faulty.lost, find_errors(runs)
    print_table(
        f"every {EVERY}th cluster faulty; a run may take {RUN_SECONDS} s",
        ("fault", "targets", "came to", "runs", "others of these runs", "longest run"),
        rows,
    )


def _format_actions(actions: Iterable[str]) -> str:
    return ", ".join(f"{count} {action}" for action, count in Counter(actions).items())
