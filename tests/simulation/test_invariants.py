"""The invariants notice a function that is broken: one part of it is replaced by one that does not do its work."""

from typing import Any

import pytest

from argo_ecr_auth.registry_login import Login, Verification
from tests.simulation.drawing import play_steadily
from tests.simulation.history import Event
from tests.simulation.months import simulate
from tests.simulation.reality import START
from tests.simulation.world import World

_BAD_TOKENS = [Event(60, "bad tokens", 0, 16 * 60)]


def believe_every_token(world: World) -> None:
    world.installation.login = lambda *_, **__: Verification(login=Login.ACCEPTED)


def stop_the_clock(world: World) -> None:
    run = world.installation.run

    def run_at_start(*targets: Any, now: Any, **others: Any) -> Any:
        return run(*targets, now=START, **others)

    world.installation.run = run_at_start  # type: ignore[method-assign]


def renew_always(world: World) -> None:
    run = world.installation.run

    def run_by_force(*targets: Any, force: bool, **others: Any) -> Any:
        return run(*targets, force=True, **others)

    world.installation.run = run_by_force  # type: ignore[method-assign]


def test_a_function_that_is_not_broken_passes() -> None:
    assert play_steadily(lambda: simulate([Event(0, "cold start"), *_BAD_TOKENS])).runs > 5


def test_a_login_that_accepts_every_token_is_noticed() -> None:
    with pytest.raises(AssertionError, match="a token that worked was replaced by one that does not"):
        simulate(_BAD_TOKENS, change=believe_every_token)


def test_a_clock_that_stands_still_is_noticed() -> None:
    with pytest.raises(AssertionError, match="left after"):
        simulate([Event(24 * 60, "cold start")], change=stop_the_clock)


def test_a_renewal_at_each_run_is_noticed() -> None:
    with pytest.raises(AssertionError, match="without a need"):
        simulate([Event(60, "cold start")], change=renew_always)
