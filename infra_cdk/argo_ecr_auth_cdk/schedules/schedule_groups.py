"""Divides targets into groups that share a schedule, if there are more targets than schedules."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

from argo_ecr_auth.core.targets import Target
from argo_ecr_auth_settings.access_plan import MAX_PER_STACK


def group_targets(targets: Sequence[Target]) -> Iterator[tuple[timedelta, str, tuple[str, ...]]]:
    """The check interval, the name and the members of each group. Its members have one check interval.

    If there are more targets than groups, each check interval has groups in proportion to its targets, at least one.
    """
    by_interval: dict[timedelta, list[str]] = defaultdict(list)
    for target in targets:
        by_interval[target.check_every].append(target.name)
    divisible = MAX_PER_STACK - (len(by_interval) - 1)
    for interval, names in by_interval.items():
        share = max(1, divisible * len(names) // len(targets))
        max_groups = share if len(targets) > MAX_PER_STACK else MAX_PER_STACK
        yield from ((interval, group, members) for group, members in group_names(names, max_groups=max_groups).items())


def group_names(names: Iterable[str], *, max_groups: int = MAX_PER_STACK) -> Mapping[str, tuple[str, ...]]:
    """Divide the names into groups, each named after a member. Up to `max_groups` names have a group each.

    The groups are stable. The names with the lowest hashes become groups, and each other name joins the group that is
    nearest by hash (rendezvous hashing). Adding or removing a name changes only one or two groups.
    """
    by_hash = sorted(names, key=_hash)
    groups: dict[str, list[str]] = {name: [name] for name in by_hash[:max_groups]}
    for name in by_hash[max_groups:]:
        nearest = min(groups, key=lambda group: _hash(group, name))
        groups[nearest].append(name)
    return {group: tuple(sorted(members)) for group, members in groups.items()}


def _hash(*parts: str) -> bytes:
    return hashlib.sha256("\0".join(parts).encode()).digest()
