"""Sums up many targets in one line, and says which go on top of a table."""

from collections import Counter
from collections.abc import Iterable, Mapping

FAILING = "failing"
NOT_CHECKED = "not checked"

_WORST_FIRST = (FAILING, NOT_CHECKED, "to repair", "due", "healthy", "fresh", "disabled")
_ON_TOP = (FAILING, NOT_CHECKED)


def find_worst(conditions: Iterable[str]) -> str:
    """What is said of a target whose parts are in these conditions."""
    return min(conditions, key=_WORST_FIRST.index)


def rank_condition(condition: str) -> int:
    """A key to sort by: what fails, then what was not checked, then all others in the order that they have."""
    return _ON_TOP.index(condition) if condition in _ON_TOP else len(_ON_TOP)


def format_summary(conditions: Mapping[str, str]) -> str:
    """`1,000 targets: 987 fresh, 10 failing, 3 not checked`, from the targets' conditions by name."""
    counts = Counter(conditions.values())
    well = [name for name in reversed(_WORST_FIRST) if name not in (*_ON_TOP, "disabled")]
    parts = [f"{counts[name]:,} {name}" for name in (*well, *_ON_TOP, "disabled") if counts[name]]
    return f"{format_count(len(conditions))}: {', '.join(parts)}"


def format_count(targets: int) -> str:
    """`1 target`, `1,000 targets`."""
    return f"{targets:,} target{'' if targets == 1 else 's'}"
