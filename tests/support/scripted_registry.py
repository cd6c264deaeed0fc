"""Registries on this machine: servers of scripted answers, and how to log in at them."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from typing import Any

import trustme

from argo_ecr_auth.core.authorization_token import AuthorizationToken
from argo_ecr_auth.registry_login import Verification, verify_login
from tests.local_cloud import processes
from tests.local_cloud.registry import LoopbackAddress, LoopbackClient
from tests.support.function import REGISTRY
from tests.support.loopback import https_server

REPOSITORY = "team/app"
ELSEWHERE = "elsewhere.example.org"
TOKEN = AuthorizationToken(password="right-" + "x" * 1000, expires_at=datetime(2030, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer of a scripted server. Without a status, the server breaks the connection off."""

    status: int | None = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None


@dataclass(frozen=True, kw_only=True)
class Scripted:
    """A server with scripted answers, and the path and authorization of all requests that it got."""

    address: LoopbackAddress
    asked: list[tuple[str, str | None]]


@contextmanager
def scripted(answer: Callable[[str, str | None], Answer]) -> Iterator[Scripted]:
    asked: list[tuple[str, str | None]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers["Authorization"]))
            given = answer(*asked[-1])
            if given.status is None:
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(given.status)
            for name, value in given.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(json.dumps(given.body).encode())

        def log_message(self, *_: object) -> None:
            pass

    with https_server(Handler) as (url, ca_pem):
        address = LoopbackAddress(port=int(url.rpartition(":")[2]), ca_pem=ca_pem, certificate_for="127.0.0.1")
        yield Scripted(address=address, asked=asked)


def always(answer: Answer) -> Callable[[str, str | None], Answer]:
    return lambda path, authorization: answer


def connect_to(address: LoopbackAddress, *, host: str = REGISTRY, **others: LoopbackAddress) -> LoopbackClient:
    return LoopbackClient({host: address, **others})


def make_free_address() -> LoopbackAddress:
    return LoopbackAddress(port=processes.find_free_port(), ca_pem=trustme.CA().cert_pem.bytes().decode())


def distrust(address: LoopbackAddress) -> LoopbackAddress:
    return LoopbackAddress(
        port=address.port,
        ca_pem=trustme.CA().cert_pem.bytes().decode(),
        certificate_for=address.certificate_for,
    )


def verify_at(address: LoopbackAddress, *, host: str = REGISTRY, repository: str | None = None) -> Verification:
    return verify_login(host, TOKEN, repository=repository, http=connect_to(address, host=host))
