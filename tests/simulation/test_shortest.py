"""What remains of a list when all is left out that is not needed to fail."""

from hypothesis import given
from hypothesis import strategies as st

from tests.simulation.shortest import find_shortest

_LISTS = st.lists(st.integers(0, 20), max_size=40)


@given(found=_LISTS, needed=st.sets(st.integers(0, 20), max_size=3))
def test_what_is_needed_remains_and_nothing_else(found: list[int], needed: set[int]) -> None:
    found = [*found, *needed]

    shortest = find_shortest(found, lambda some: needed <= set(some), tries=1000)

    assert sorted(shortest) == sorted(needed)


@given(found=_LISTS, limit=st.integers(1, 50))
def test_no_single_one_can_be_left_out(found: list[int], limit: int) -> None:
    found = [*found, limit]

    shortest = find_shortest(found, lambda some: sum(some) >= limit, tries=1000)

    assert sum(shortest) >= limit
    assert all(sum(shortest) - each < limit for each in shortest)


@given(found=_LISTS, tries=st.integers(0, 30))
def test_the_tries_are_bounded_and_what_is_found_by_then_fails(found: list[int], tries: int) -> None:
    asked = []

    def fails(some: list[int]) -> bool:
        asked.append(some)
        return len(set(some)) * 2 > len(set(found))

    shortest = find_shortest(found, fails, tries=tries)

    assert len(asked) <= tries
    assert shortest == found or fails(shortest)


def test_forty_events_of_which_two_matter_take_few_tries() -> None:
    asked = []

    def fails(some: list[int]) -> bool:
        asked.append(some)
        return {7, 31} <= set(some)

    assert find_shortest(range(40), fails) == [7, 31]
    assert len(asked) < 40
