"""Drawn histories of weeks break no invariant."""

import pytest

from tests.local_cloud.control_plane import ControlPlane
from tests.simulation.events import Event
from tests.simulation.history import simulate, simulate_days


@pytest.mark.parametrize("seed", [3, 5])
def test_no_history_breaks_an_invariant(control_plane: ControlPlane, seed: int) -> None:
    assert simulate_days(control_plane, days=8, seed=seed).runs > 150


def test_a_region_without_new_tokens_keeps_its_login_where_nothing_vouches_for_the_payload(
    control_plane: ControlPlane,
) -> None:
    """A drawn history, shortened: once, the other region's new token replaced the whole payload."""
    history = [Event(208, "ECR: unavailable", 8, 782), Event(4, "edit: expiry in binaryData", 6)]

    assert simulate(control_plane, history).runs > 10


def test_a_bad_token_that_no_registry_could_refuse_is_replaced_within_the_hour(control_plane: ControlPlane) -> None:
    """A drawn history, shortened: the registry was throttled while ECR issued bad tokens."""
    history = [
        Event(60, "registry: throttled", 3, 600),
        Event(5, "edit: password overwritten", 2, 34),
        Event(0, "bad tokens", 4, 590),
        Event(7, "edit: expiry removed", 2, 9),
        Event(24 * 60, "cold start"),
    ]

    assert simulate(control_plane, history).runs > 5


def test_a_token_may_be_replaced_by_a_bad_one_in_its_last_minutes(control_plane: ControlPlane) -> None:
    """A drawn history, shortened: a run happened to come two minutes before the expiry."""
    history = [Event(100, "bad tokens", 1, 773), Event(12 * 60 - 100 - 4, "cold start")]

    assert simulate(control_plane, history).runs > 5


def test_a_token_that_is_revoked_is_replaced_within_the_hour(control_plane: ControlPlane) -> None:
    assert simulate(control_plane, [Event(60, "token revoked", 0), Event(90, "cold start")]).runs > 2
