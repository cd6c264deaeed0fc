"""Groups the targets that share a schedule, where there are more targets than schedules."""

import hashlib
from collections.abc import Iterable, Mapping

from argo_ecr_auth_settings.access_plan import MAX_PER_STACK


def group_names(names: Iterable[str], *, max_groups: int = MAX_PER_STACK) -> Mapping[str, tuple[str, ...]]:
    """The names in groups, each group called by one of its names; as long as there are enough, a group for each name.

    The groups are stable: the names with the lowest hashes call the groups, and each other name joins the group that is
    nearest to it (rendezvous hashing). One name more or less changes a group or two and leaves the rest as they were.
    """
    by_hash = sorted(names, key=_hash)
    groups: dict[str, list[str]] = {name: [name] for name in by_hash[:max_groups]}
    for name in by_hash[max_groups:]:
        nearest = min(groups, key=lambda group: _hash(group, name))
        groups[nearest].append(name)
    return {group: tuple(sorted(members)) for group, members in groups.items()}


def _hash(*parts: str) -> bytes:
    return hashlib.sha256("\0".join(parts).encode()).digest()
