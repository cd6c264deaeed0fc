"""A time limit holds for every connection of a thread: direct or through a proxy, new or kept, of any library."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from argo_ecr_auth.api_server.transport import make_api_client
from argo_ecr_auth.aws.ecr import fetch_authorization_token
from argo_ecr_auth.aws.eks import Address
from argo_ecr_auth.aws.sessions import Sessions
from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.core.registry import TokenApi
from argo_ecr_auth.deadlines import time_limit
from argo_ecr_auth.registry_login import verify_login
from tests.servers.faults import drip, drip_headers
from tests.servers.server import Answer, Fault, Request, Server, always, answer_json
from tests.support.fixed_server import FixedServer
from tests.support.function import REGISTRY
from tests.support.registry_login import TOKEN
from tests.unit.aws_clients import StubbedPrincipal
from tests.unit.builders import credential

LIMIT = 0.5


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials, and no proxy."""
    for name in ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted-secret-key")


@pytest.fixture
def second_address(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """What listens at the second address of every host of AWS; the first one drops who wants to connect."""
    resolve = socket.getaddrinfo
    with ExitStack() as opened:
        first, second = (opened.enter_context(socket.socket()) for _ in range(2))
        for listener in (first, second):
            listener.bind(("127.0.0.1", 0))
            listener.listen(0)
            listener.setblocking(False)
        for _ in range(2):  # so that the first one's queue is full
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            with suppress(BlockingIOError):
                waiting.connect(first.getsockname())

        def resolve_to_both(host: Any, *arguments: Any, **named: Any) -> Any:
            if not str(host).endswith("amazonaws.com"):
                return resolve(host, *arguments, **named)
            ports = (listener.getsockname()[1] for listener in (first, second))
            return [address for port in ports for address in resolve("127.0.0.1", port, type=socket.SOCK_STREAM)]

        monkeypatch.setattr(socket, "getaddrinfo", resolve_to_both)
        yield second


def test_the_limit_of_a_call_of_aws_ends_with_its_first_address(second_address: socket.socket) -> None:
    _assert_ecr_times_out()

    with pytest.raises(BlockingIOError):
        second_address.accept()


def test_the_limit_of_a_login_ends_with_its_first_address(second_address: socket.socket) -> None:
    verification = verify_login(REGISTRY, TOKEN, seconds=LIMIT)

    assert "timed out" in str(verification.reason)
    with pytest.raises(BlockingIOError):
        second_address.accept()


def test_a_proxy_that_drips_before_tls_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(always(drip_headers(seconds=0.1)), tls=False) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        _assert_ecr_times_out()

        assert proxy.wait_for_closed(seconds=10)


def test_a_connection_that_an_earlier_call_opened_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def handle(_: Request) -> Answer | Fault:
        return answer_json({}) if len(server.requests) == 1 else drip(seconds=0.1)

    with Server(handle) as server:
        (tmp_path / "ca.pem").write_text(server.ca_pem)
        monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "ca.pem"))
        monkeypatch.setenv("AWS_ENDPOINT_URL_ECR", server.url)
        client = Sessions(region="us-east-1").client("ecr", region="us-east-1")
        with time_limit(30):
            client.get_authorization_token()
        _assert_ecr_times_out(client)

        assert server.wait_for_closed(seconds=10)
    assert server.connections == 1


def test_a_limit_holds_without_a_run() -> None:
    """As the command line reads a cluster."""
    with Server(always(drip(seconds=0.1))) as server:
        api = make_api_client(Address(endpoint=server.url, certificate_authority=server.ca_pem))
        with time_limit(LIMIT), pytest.raises(SyncError, match="timed out waiting for https://127"):
            FixedServer(api).read(credential())

        assert server.wait_for_closed(seconds=10)


def _assert_ecr_times_out(client: Any = None) -> None:
    principal = StubbedPrincipal(client or Sessions(region="us-east-1").client("ecr", region="us-east-1"))
    with time_limit(LIMIT), pytest.raises(SyncError, match="timed out waiting for the response"):
        fetch_authorization_token(principal, api=TokenApi(service="ecr", region="us-east-1"))
