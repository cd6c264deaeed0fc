"""`make simulate`: a summary, or the seed and the shortest history that breaks an invariant."""

import re
import subprocess
import sys
from typing import Any

import pytest

from tests.simulation.__main__ import main
from tests.simulation.drawing import BrokenInvariantError, simulate_days
from tests.simulation.history import Event
from tests.simulation.months import simulate
from tests.simulation.test_invariants import stop_the_clock
from tests.simulation.world import World


def _simulate(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.simulation", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_it_prints_a_summary() -> None:
    done = _simulate("1", "7")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("1 simulated days, SEED=7\n")
    for figure in ("runs", "events", "requests that met a fault", "results", "without a valid token", "events by kind"):
        assert re.search(rf"^{figure} *", done.stdout, re.MULTILINE), done.stdout
    assert re.search(r"\d+ renewed", done.stdout)


def test_without_a_seed_it_prints_its_own() -> None:
    assert re.match(r"0 simulated days, SEED=\d+\n", _simulate("0").stdout)


def test_the_same_seed_draws_the_same_history() -> None:
    first, second = (simulate_days(1, seed=5) for _ in range(2))

    assert first.events
    assert first.events == second.events
    assert first.time == second.time


def test_a_broken_function_is_reported_by_seed_invariant_and_shortest_history(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(30, 1, change=stop_the_clock)

    printed = capsys.readouterr().out
    assert ended.value.code == 1
    assert re.search(r"^SEED=1 breaks an invariant: .* left after", printed, re.MULTILINE)
    history = _read_history(printed)
    assert 1 <= len(history) <= 3
    with pytest.raises(AssertionError):
        simulate(history, change=stop_the_clock)


def test_a_failure_of_the_tests_shows_the_same_text() -> None:
    with pytest.raises(BrokenInvariantError, match="SEED=2 breaks an invariant") as broken:
        simulate_days(30, seed=2, change=stop_the_clock)

    assert 1 <= len(_read_history(str(broken.value))) <= 3
    assert broken.value.__suppress_context__


def test_what_is_broken_once_and_not_again_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    worlds: list[World] = []

    def stop_the_first_clock(world: World) -> None:
        worlds.append(world)
        if len(worlds) == 1:
            stop_the_clock(world)

    summary = simulate_days(1, seed=1, change=stop_the_first_clock)

    assert summary.broken_once == 1
    assert "SEED=1: broken once, and not when it was played again: " in capsys.readouterr().out


def _read_history(printed: str) -> list[Event]:
    """As somebody does who pastes it into a test."""
    pasted = re.search(r"^\[\n(    Event\(.*\),\n)*\]$", printed, re.MULTILINE)
    assert pasted, printed
    history: Any = eval(pasted[0], {"Event": Event})  # noqa: S307
    assert all(isinstance(event, Event) for event in history)
    return list(history)
