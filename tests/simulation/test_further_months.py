"""As test_months.py, with another seed: a file of its own, so that both run beside each other."""

from tests.simulation.drawing import simulate_days


def test_no_further_history_breaks_an_invariant() -> None:
    assert simulate_days(52, seed=5).runs > 1000
