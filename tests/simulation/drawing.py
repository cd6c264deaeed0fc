"""Simulates histories that hypothesis draws from a seed, and finds the shortest one that breaks an invariant."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis.stateful import run_state_machine_as_test

from tests.simulation.drawn_history import BrokenHistoryError, Drawn
from tests.simulation.history import Event
from tests.simulation.machine import Month
from tests.simulation.months import open_world, simulate
from tests.simulation.shortest import find_shortest
from tests.simulation.summary import Summary
from tests.simulation.world import World

Change = Callable[[World], None]


class BrokenInvariantError(AssertionError):
    """The seed, the invariant, and the shortest history that breaks it."""


def simulate_days(days: float, *, seed: int, change: Change = lambda _: None) -> Summary:
    """Play drawn histories until so many days have passed. The same seed draws the same ones.

    Raises BrokenInvariantError. A busy machine can let a run exceed its time: what breaks an invariant once, and not
    when it is played again, is only printed.
    """
    drawn = Drawn(days=days)
    turn = 0
    while drawn.left > timedelta(0):
        machine = hypothesis.seed(f"{seed}.{turn}")(partial(Month, partial(open_world, change=change), drawn))
        try:
            # It takes functions that make one, too.
            run_state_machine_as_test(machine, settings=_SETTINGS)  # type: ignore[arg-type]
        except BrokenHistoryError as broken:
            if again := _find_failure(broken.history, change):
                raise BrokenInvariantError(_report(seed, broken.history, again, change)) from None
            print(f"SEED={seed}: broken once, and not when it was played again: {_first_line(broken.invariant)}")
            drawn.summary.broken_once += 1
        turn += 1
    return drawn.summary


def play_steadily(play: Callable[[], Summary]) -> Summary:
    """Play, and where an invariant breaks, again, because a busy machine can let a run exceed its time."""
    try:
        return play()
    except AssertionError as error:
        print(f"broken once: {_first_line(error)}")
        return play()


# No phases to shrink or to explain: each example plays weeks, and `find_shortest` needs fewer of them.
_SETTINGS = hypothesis.settings(
    max_examples=9,  # with ten, hypothesis would begin with more of the simplest ones
    stateful_step_count=100,
    derandomize=False,
    database=None,
    deadline=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
    print_blob=False,
)


def _find_failure(history: Sequence[Event], change: Change) -> AssertionError | None:
    try:
        simulate(history, change=change)
    except AssertionError as error:
        return error
    return None


def _report(seed: int, history: list[Event], error: AssertionError, change: Change) -> str:
    """What a person needs to see it again: at most a hundred plays, most of them short."""
    last = error

    def fails(shorter: list[Event]) -> bool:
        nonlocal last
        found = _find_failure(shorter, change) and _find_failure(shorter, change)
        last = found or last
        return found is not None

    shortest = find_shortest(history, fails)
    events = "".join(f"    {event},\n" for event in shortest)
    return (
        f"SEED={seed} breaks an invariant: {_first_line(last)}\n"
        f"The shortest history that shows it, of {len(history)} events. simulate() of tests/simulation/months.py "
        f"plays it again:\n[\n{events}]"
    )


def _first_line(error: AssertionError) -> str:
    return str(error).partition("\n")[0]
