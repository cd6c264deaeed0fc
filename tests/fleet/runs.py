"""What runs came to, in short."""

from collections import Counter
from collections.abc import Iterable, Sequence

from tests.benchmarks.environment import Run


def count_actions(runs: Sequence[Run]) -> Counter[str]:
    return Counter(action for run in runs for action in run.actions.values())


def format_actions(actions: Iterable[str]) -> str:
    return ", ".join(f"{count} {action}" for action, count in Counter(actions).items())


def find_errors(runs: Sequence[Run]) -> list[str]:
    return [str(result["error"]) for run in runs for result in run.results if result["error"]][:3]
