"""Divides targets into groups that share a schedule, if there are more targets than schedules."""

import hashlib
from collections.abc import Iterable, Mapping

from argo_ecr_auth_settings.access_plan import MAX_PER_STACK


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
