"""How many connections a process keeps open to API servers: it may open only so many files."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler
from threading import Event

import pytest

from argo_ecr_auth.api_server.warm_cache import ClientPool
from argo_ecr_auth.aws.eks import Address
from argo_ecr_auth.core.errors import SyncError
from tests.support.fixed_server import FixedServer
from tests.support.loopback import https_server

_SECONDS = 10


class _Server:
    """Answers every request, and notes how many connections there were and that one has ended."""

    def __init__(self) -> None:
        self.connections = 0
        self.ended = Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                server.connections += 1

            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def finish(self) -> None:
                super().finish()
                server.ended.set()

            def log_message(self, *_: object) -> None:
                pass

        self.handler = Handler
        self.address = Address(endpoint="", certificate_authority="")


@contextmanager
def _serve(count: int) -> Iterator[list[_Server]]:
    with ExitStack() as stack:
        servers = [_Server() for _ in range(count)]
        for server in servers:
            url, ca_pem = stack.enter_context(https_server(server.handler))
            server.address = Address(endpoint=url, certificate_authority=ca_pem)
        yield servers


def _ask(clients: ClientPool, server: _Server, *, connections: int = 1) -> None:
    client = clients.open("demo", server.address, connections=connections)
    assert FixedServer(client).request("/api")[0] == 200


def test_the_client_that_was_unused_for_longest_is_closed_and_the_others_stay_open() -> None:
    clients = ClientPool(limit=2)
    with _serve(3) as (first, second, third):
        for server in (first, second, first, third):
            _ask(clients, server)

        assert second.ended.wait(_SECONDS)
        _ask(clients, first)
        assert (first.connections, first.ended.is_set()) == (1, False)
        _ask(clients, second)
        assert second.connections == 2


def test_a_client_counts_as_many_times_as_it_may_have_connections() -> None:
    clients = ClientPool(limit=4)
    with _serve(3) as (first, second, third):
        _ask(clients, first)
        _ask(clients, second)
        _ask(clients, third, connections=3)

        assert first.ended.wait(_SECONDS)
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
