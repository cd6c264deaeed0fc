"""As test_months.py, with another seed: a file of its own, so that both run in parallel."""

from tests.local_cloud.control_plane import ControlPlane
from tests.simulation.history import simulate_days


def test_no_further_history_breaks_an_invariant(control_plane: ControlPlane) -> None:
    assert simulate_days(control_plane, days=8, seed=5).runs > 150
