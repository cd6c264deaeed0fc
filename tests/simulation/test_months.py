"""Drawn histories of weeks break no invariant."""

from tests.simulation.months import simulate_days


def test_no_history_breaks_an_invariant() -> None:
    assert simulate_days(20, seed=1).runs > 300
