"""Plays a history in a world of its own."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from argo_ecr_auth.handler import quieten_libraries
from tests.simulation.api_server import ApiServer, MemoryApiServer
from tests.simulation.history import Event, play
from tests.simulation.installation import CLUSTERS, USERS, install
from tests.simulation.reality import Reality
from tests.simulation.summary import Summary
from tests.simulation.world import World

MakeApiServers = Callable[[Reality], Mapping[str, ApiServer]]


def make_memory_servers(reality: Reality) -> Mapping[str, ApiServer]:
    return {name: MemoryApiServer(users=USERS, now=lambda: reality.now) for name in CLUSTERS}


@contextmanager
def open_world(
    *,
    api_servers: MakeApiServers = make_memory_servers,
    namespace: str = "argocd",
    change: Callable[[World], None] = lambda _: None,
) -> Iterator[World]:
    """A world in which nothing has happened. `change` may put another part in the place of one of the world's."""
    reality = Reality()
    with _kept_environment(), install(reality, api_servers(reality), namespace=namespace) as installation:
        world = World(installation=installation)
        change(world)
        with _logged(world.log):
            yield world


def simulate(
    history: Sequence[Event],
    *,
    api_servers: MakeApiServers = make_memory_servers,
    namespace: str = "argocd",
    change: Callable[[World], None] = lambda _: None,
) -> Summary:
    """Play one history. Raises AssertionError where an invariant does not hold. `change` as for `open_world`."""
    with open_world(api_servers=api_servers, namespace=namespace, change=change) as world:
        play(world, history)
        return world.summary


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
