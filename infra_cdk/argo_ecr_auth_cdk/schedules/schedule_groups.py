"""Which targets share a schedule, where there are more targets than schedules."""

import hashlib
from collections.abc import Iterable, Mapping

MOST_GROUPS = 200
"""Schedules of a stack: it holds 500 resources, of which the access entries take as many again."""


def grouped(names: Iterable[str], *, most: int = MOST_GROUPS) -> Mapping[str, tuple[str, ...]]:
    """The names in groups, each called by one of its names; a group of its own for each, as long as there are enough.

    Stable: the names with the lowest hashes call the groups, each other one joins the group that it is nearest to
    (rendezvous hashing). So one name more or less changes a group or two and leaves the rest as they were.
    """
    by_hash = sorted(names, key=_hash)
    groups: dict[str, list[str]] = {name: [name] for name in by_hash[:most]}
    for name in by_hash[most:]:
        nearest = min(groups, key=lambda group: _hash(group, name))
        groups[nearest].append(name)
    return {group: tuple(sorted(members)) for group, members in groups.items()}


def _hash(*parts: str) -> bytes:
    return hashlib.sha256("\0".join(parts).encode()).digest()
