"""How many connections a process keeps open to API servers: it may open only so many files."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from argo_ecr_auth.api_server.warm_cache import ClientPool
from argo_ecr_auth.aws.eks import Address
from argo_ecr_auth.core.errors import SyncError
from tests.servers.server import Server, always, answer_json
from tests.support.fixed_server import FixedServer

_SECONDS = 10


@contextmanager
def _serve(count: int) -> Iterator[list[Server]]:
    with ExitStack() as stack:
        yield [stack.enter_context(Server(always(answer_json({})))) for _ in range(count)]


def _ask(clients: ClientPool, server: Server, *, connections: int = 1) -> None:
    address = Address(endpoint=server.url, certificate_authority=server.ca_pem)
    client = clients.open("demo", address, connections=connections)
    assert FixedServer(client).request("/api")[0] == 200


def test_the_client_that_was_unused_for_longest_is_closed_and_the_others_stay_open() -> None:
    clients = ClientPool(limit=2)
    with _serve(3) as (first, second, third):
        for server in (first, second, first, third):
            _ask(clients, server)

        assert second.wait_for_closed(seconds=_SECONDS)
        _ask(clients, first)
        assert first.connections == 1
        _ask(clients, second)
        assert second.connections == 2


def test_a_client_counts_as_many_times_as_it_may_have_connections() -> None:
    clients = ClientPool(limit=4)
    with _serve(3) as (first, second, third):
        _ask(clients, first)
        _ask(clients, second)
        _ask(clients, third, connections=3)

        assert first.wait_for_closed(seconds=_SECONDS)
        _ask(clients, second)
        _ask(clients, third, connections=3)
        assert (second.connections, third.connections) == (1, 1)


def test_an_authority_that_cannot_be_read_keeps_no_client_open() -> None:
    clients = ClientPool(limit=1)
    with _serve(1) as (server,):
        _ask(clients, server)
        with pytest.raises(SyncError, match="cannot be read"):
            clients.open("demo", Address(endpoint="https://127.0.0.1:9", certificate_authority="no PEM"))
        _ask(clients, server)
        assert server.connections == 1
