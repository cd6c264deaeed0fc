"""Finds the shortest part of a list that still fails."""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def find_shortest(found: Sequence[T], fails: Callable[[list[T]], bool], *, tries: int = 100) -> list[T]:
    """Leave out halves, then quarters, and at last single ones, as long as what remains fails.

    After so many tries it is the shortest that was found by then. What `fails` says of `found` itself is not asked.
    """
    shortest = list(found)
    size = (len(shortest) + 1) // 2
    while size:
        before = len(shortest)
        start = 0
        while start < len(shortest) and tries:
            tries -= 1
            shorter = shortest[:start] + shortest[start + size :]
            if fails(shorter):
                shortest = shorter
            else:
                start += size
        if not tries or (size == 1 and len(shortest) == before):
            break
        size = max(1, min(size, len(shortest)) // 2)
    return shortest
