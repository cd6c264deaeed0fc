"""Simulates histories that hypothesis draws from a seed, and shrinks one that breaks an invariant."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

import hypothesis
from hypothesis import HealthCheck, Phase

from argo_ecr_auth.handler import quieten_libraries
from tests.simulation.api_server import ApiServer, MemoryApiServer
from tests.simulation.history import Event, histories, play
from tests.simulation.installation import CLUSTERS, USERS, install
from tests.simulation.reality import Reality
from tests.simulation.summary import Summary
from tests.simulation.world import World

MakeApiServers = Callable[[Reality], Mapping[str, ApiServer]]


def make_memory_servers(reality: Reality) -> Mapping[str, ApiServer]:
    return {name: MemoryApiServer(users=USERS, now=lambda: reality.now) for name in CLUSTERS}


def simulate(
    history: list[Event],
    *,
    api_servers: MakeApiServers = make_memory_servers,
    namespace: str = "argocd",
    change: Callable[[World], None] = lambda _: None,
) -> Summary:
    """Play one history. Raises AssertionError where an invariant does not hold.

    `change` may put another part in the place of one of the world's.
    """
    reality = Reality()
    with _kept_environment(), install(reality, api_servers(reality), namespace=namespace) as installation:
        world = World(installation=installation)
        change(world)
        with _logged(world.log):
            play(world, history)
        return world.summary


def simulate_days(days: float, *, seed: int, change: Callable[[World], None] = lambda _: None) -> Summary:
    """Play drawn histories until so many days have passed. Raises as `simulate`, with the shortest history."""
    total = Summary()

    def play_one(history: list[Event]) -> None:
        if total.time < timedelta(days=days):
            total.add(simulate(history, change=change))

    turn = 0
    while total.time < timedelta(days=days):
        drawn = hypothesis.given(history=histories)(play_one)
        hypothesis.seed(f"{seed}.{turn}")(_SETTINGS(drawn))()
        turn += 1
    return total


_SETTINGS = hypothesis.settings(
    max_examples=4,
    derandomize=False,
    database=None,
    deadline=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
    print_blob=False,
)


@contextmanager
def _kept_environment() -> Iterator[None]:
    before = dict(os.environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ |= before


class _ListHandler(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))


@contextmanager
def _logged(lines: list[str]) -> Iterator[None]:
    """What all loggers say while the handler keeps the libraries quiet."""
    quieten_libraries()
    handler = _ListHandler(lines)
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
