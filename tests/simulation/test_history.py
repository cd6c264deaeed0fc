"""`make simulate`: a summary, or the seed and a history that breaks an invariant."""

import re
from random import Random

import pytest

from tests.local_cloud.control_plane import ControlPlane
from tests.simulation.__main__ import main
from tests.simulation.events import Event
from tests.simulation.history import draw_history, simulate, simulate_days
from tests.simulation.test_invariants import STOPPED_CLOCK


def test_it_prints_a_summary(capsys: pytest.CaptureFixture[str]) -> None:
    main(1, 7)

    printed = capsys.readouterr().out
    assert printed.startswith("1 simulated days, SEED=7\n")
    for figure in ("runs", "events", "requests that met a fault", "results", "without a valid token", "events by kind"):
        assert re.search(rf"^{figure} *", printed, re.MULTILINE), printed
    assert re.search(r"\d+ renewed", printed)


def test_the_same_seed_draws_the_same_history() -> None:
    histories = [draw_history(Random(seed), minutes=10_000) for seed in (5, 5, 6)]  # noqa: S311

    assert histories[0]
    assert histories[0] == histories[1] != histories[2]
    assert sum(event.after for event in histories[0]) <= 10_000


def test_a_broken_invariant_is_reported_with_the_seed_and_a_history_that_breaks_it_again(
    control_plane: ControlPlane,
) -> None:
    with pytest.raises(AssertionError) as broken:
        simulate_days(control_plane, days=30, seed=1, change=STOPPED_CLOCK)

    printed = str(broken.value)
    assert re.search(r"^SEED=1: .* left after", printed)
    pasted = re.search(r"^\[\n(    Event\(.*\),\n)*\]$", printed, re.MULTILINE)
    assert pasted, printed
    with pytest.raises(AssertionError, match="left after"):
        simulate(control_plane, eval(pasted[0], {"Event": Event}), change=STOPPED_CLOCK)  # noqa: S307
