"""The invariants notice a function that is broken: one part of it is replaced by one that does not do its work."""

from collections.abc import Callable
from typing import Any

import pytest

from argo_ecr_auth.registry_login import Login, Verification
from tests.local_cloud.control_plane import ControlPlane
from tests.simulation.cluster import MERGE
from tests.simulation.events import Event
from tests.simulation.history import Change, simulate
from tests.simulation.reality import START
from tests.simulation.world import World

_BAD_TOKENS = [Event(60, "bad tokens", 0, 16 * 60)]


def accept_every_token(world: World) -> None:
    world.installation.verify_login = lambda *_, **__: Verification(login=Login.ACCEPTED)


def run_with(**forced: Any) -> Change:
    """Every run has these options."""

    def change(world: World) -> None:
        run = world.installation.run
        world.installation.run = lambda *targets, **options: run(  # type: ignore[method-assign]
            *targets, **options | forced
        )

    return change


def act_after_runs(act: Callable[[World], None]) -> Change:
    def change(world: World) -> None:
        run = world.installation.run

        def run_and_act(*targets: Any, **options: Any) -> Any:
            results = run(*targets, **options)
            act(world)
            return results

        world.installation.run = run_and_act  # type: ignore[method-assign]

    return change


def print_passwords(world: World) -> None:
    world.log.extend(world.reality.tokens)


def remove_others_labels(world: World) -> None:
    for ledger in world.ledgers:
        change = {"metadata": {"labels": {"somebodys": None}}}
        ledger.cluster.request("PATCH", ledger.path("secrets"), change, content_type=MERGE)


STOPPED_CLOCK = run_with(now=START)


def test_a_function_that_is_not_broken_passes(control_plane: ControlPlane) -> None:
    assert simulate(control_plane, [Event(0, "edit: label added"), *_BAD_TOKENS]).runs > 5


@pytest.mark.parametrize(
    ("change", "event", "message"),
    [
        (accept_every_token, _BAD_TOKENS[0], "a token that worked was replaced by one that does not"),
        (STOPPED_CLOCK, Event(24 * 60, "cold start"), "left after"),
        (run_with(force=True), Event(60, "cold start"), "without a need"),
        (act_after_runs(print_passwords), Event(60, "cold start"), "action"),
        (act_after_runs(remove_others_labels), Event(60, "edit: label added"), "is lost"),
    ],
    ids=["every token accepted", "clock stopped", "always renewed", "passwords printed", "others' labels removed"],
)
def test_a_broken_function_is_noticed(control_plane: ControlPlane, change: Change, event: Event, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        simulate(control_plane, [event], change=change)
