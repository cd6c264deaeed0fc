"""Drawn histories of weeks break no invariant."""

from tests.simulation.drawing import play_steadily, simulate_days
from tests.simulation.history import Event
from tests.simulation.months import simulate


def test_no_history_breaks_an_invariant() -> None:
    assert simulate_days(52, seed=3).runs > 1000


def test_a_region_without_new_tokens_keeps_its_login_where_nothing_vouches_for_the_payload() -> None:
    """A drawn history, shortened: once, the other region's new token replaced the whole payload."""
    history = [
        Event(after=208, what="ECR: unavailable", where=8, minutes=782),
        Event(after=4, what="edit: expiry in binaryData", where=6, minutes=15),
    ]

    assert play_steadily(lambda: simulate(history)).runs > 10
