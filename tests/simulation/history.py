"""Draws histories from a seed, and plays them."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from random import Random

import urllib3

from argo_ecr_auth.handler import quieten_libraries
from tests.local_cloud.control_plane import ControlPlane
from tests.simulation.cluster import Cluster
from tests.simulation.events import EVENTS, Event, Range
from tests.simulation.installation import CHECK_INTERVAL, CLUSTERS, install
from tests.simulation.reality import Reality
from tests.simulation.summary import Summary
from tests.simulation.world import World

_PAUSES = (0, 10), (0, 12 * 60), (0, 3 * 24 * 60)
_DAYS = 9, 20

Change = Callable[[World], None]
"""Replaces a part of the world by another one."""


def simulate_days(plane: ControlPlane, *, days: float, seed: int, change: Change = lambda _: None) -> Summary:
    """Play drawn histories for so many days. The same seed draws the same ones.

    Raises AssertionError, with the seed and the history, if an invariant does not hold.
    """
    random = Random(seed)  # noqa: S311
    summary = Summary()
    while (left := timedelta(days=days) - summary.time) > timedelta(0):
        history = draw_history(random, minutes=min(left // timedelta(minutes=1), random.randint(*_DAYS) * 24 * 60))
        events = summary.events.total()
        try:
            simulate(plane, history, summary=summary, change=change)
        except AssertionError as error:
            played = history[: summary.events.total() - events]
            raise AssertionError(
                f"SEED={seed}: {error}\nsimulate() plays this history again:\n{_format(played)}"
            ) from error
    return summary


def draw_history(random: Random, *, minutes: int) -> list[Event]:
    names = list(EVENTS)
    weights = [kind.weight for kind in EVENTS.values()]
    history: list[Event] = []
    while (pause := _draw(random, _PAUSES)) <= minutes:
        (name,) = random.choices(names, weights)
        history.append(Event(pause, name, random.randrange(9), _draw(random, EVENTS[name].minutes)))
        minutes -= pause
    return history


def _draw(random: Random, ranges: Sequence[Range]) -> int:
    return random.randint(*random.choice(ranges))


def _format(history: Sequence[Event]) -> str:
    return "\n".join(["[", *(f"    {event}," for event in history), "]"])


def simulate(
    plane: ControlPlane,
    history: Sequence[Event],
    *,
    summary: Summary | None = None,
    change: Change = lambda _: None,
) -> Summary:
    """Play one history. Raises AssertionError if an invariant does not hold."""
    with open_world(plane, summary=summary, change=change) as world:
        for event in history:
            play(world, event)
        world.advance(CHECK_INTERVAL)
        world.settle()
        world.summary.histories += 1
        return world.summary


def play(world: World, event: Event) -> None:
    """The time before the event, then the event."""
    world.summary.events[event.name] += 1
    world.advance(timedelta(minutes=event.after))
    EVENTS[event.name].act(world, event)
    world.stay_busy()


@contextmanager
def open_world(
    plane: ControlPlane, *, summary: Summary | None = None, change: Change = lambda _: None
) -> Iterator[World]:
    """A world after its first run."""
    with urllib3.PoolManager(ca_cert_data=plane.ca_pem, maxsize=32) as http:
        clusters = {name: Cluster(name=name, plane=plane, http=http) for name in CLUSTERS}
        with install(Reality(), clusters) as installation:
            world = World(installation=installation, summary=summary or Summary())
            change(world)
            with _collect_log(world.log):
                world.begin()
                yield world


class _ListHandler(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))


@contextmanager
def _collect_log(lines: list[str]) -> Iterator[None]:
    """What all loggers write while the handler keeps the libraries quiet."""
    quieten_libraries()
    handler = _ListHandler(lines)
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
