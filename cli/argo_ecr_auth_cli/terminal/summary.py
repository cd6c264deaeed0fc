"""Sums up many targets in one line, and says which go on top of a table."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from argo_ecr_auth.core.errors import AssumeRoleError, ForbiddenError, UnauthorizedError

FAILING = "failing"
NO_ENTRY = "no entry"
NO_ROLE = "no Role"
NOT_PERMITTED = "not permitted yet"
NOT_CHECKED = "not checked"

_ON_TOP = (NO_ENTRY, NO_ROLE, NOT_PERMITTED, FAILING, NOT_CHECKED)  # a reason before the fact that it fails
_WORST_FIRST = (*_ON_TOP, "to repair", "due", "healthy", "fresh", "disabled")
_BY_ERROR = {
    UnauthorizedError.__name__: NO_ENTRY,
    ForbiddenError.__name__: NO_ROLE,
    AssumeRoleError.__name__: NOT_PERMITTED,
}


def name_failure(error_type: str | None) -> str:
    """The condition of a target whose run failed with an error of this class: what its cluster's owner has to add."""
    return _BY_ERROR.get(error_type or "", FAILING)


def find_worst(conditions: Iterable[str]) -> str:
    """What is said of a target whose parts are in these conditions."""
    return min(conditions, key=_WORST_FIRST.index)


def rank_condition(condition: str) -> int:
    """A key to sort by: what fails, what was not checked, then all others in the order that they have."""
    return _ON_TOP.index(condition) if condition in _ON_TOP else len(_ON_TOP)


def format_summary(conditions: Mapping[str, str]) -> str:
    """`1,000 targets: 987 fresh, 10 failing, 3 not checked`, from the targets' conditions by name."""
    counts = Counter(conditions.values())
    well = [name for name in reversed(_WORST_FIRST) if name not in (*_ON_TOP, "disabled")]
    parts = [f"{counts[name]:,} {name}" for name in (*well, *_ON_TOP, "disabled") if counts[name]]
    return f"{format_count(len(conditions))}: {', '.join(parts)}"


def format_names(names: Sequence[str], *, most: int = 5) -> str:
    """`one, two, ...`: as many of them as a line has room for."""
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")


def format_count(targets: int) -> str:
    """`1 target`, `1,000 targets`."""
    return f"{targets:,} target{'' if targets == 1 else 's'}"
