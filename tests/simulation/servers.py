"""HTTP servers of the simulation: each answers, meets a connection with a fault, changes its authority, or moves."""

import contextlib
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self

import trustme

from tests.support.faults import Fault


@dataclass(frozen=True, kw_only=True)
class Request:
    """An HTTP request as a server got it."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


_WRONG = 4
"""The number of the authority that nobody trusts."""

Answer = Callable[[Request], Reply | Fault]


class Server:
    """A server on a port of 127.0.0.1, with TLS or without."""

    def __init__(self, answer: Answer, *, tls: bool, count_hit: Callable[[], str | None] = lambda: None) -> None:
        self.answer = answer
        self.count_hit = count_hit
        """The fault that connections meet, counted: `no connection`, `wrong CA` or none."""
        self.generation = 0
        self._tls = tls
        self._authority = 0
        self._start()

    @property
    def ca_pem(self) -> str:
        return _make_context(self._authority)[1]

    def context(self, *, wrong: bool) -> ssl.SSLContext | None:
        return _make_context(_WRONG if wrong else self._authority)[0] if self._tls else None

    def rotate(self) -> None:
        """Change the authority: connections that are open end."""
        self._authority = (self._authority + 1) % _WRONG
        self.drop_connections()

    def drop_connections(self) -> None:
        self.generation += 1

    def move(self) -> None:
        """Go to another port; the old one refuses connections."""
        self.stop()
        self.drop_connections()
        self._start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start(self) -> None:
        self._server = _HttpServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"owner": self}))
        self.port = self._server.server_port
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1})
        self._thread.start()


_MAKING = threading.Lock()


def _make_context(authority: int) -> tuple[ssl.SSLContext, str]:
    """The same for each thread that asks."""
    with _MAKING:
        return _make_new_context(authority)


@cache
def _make_new_context(authority: int) -> tuple[ssl.SSLContext, str]:
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    return context, ca.cert_pem.bytes().decode()


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: Any) -> None:
        """Clients give up, and faults break connections."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    owner: Server
    raw_requestline: bytes

    def setup(self) -> None:
        self._generation = self.owner.generation
        fault = self.owner.count_hit()
        if fault == "no connection":
            raise ConnectionResetError
        context = self.owner.context(wrong=fault == "wrong CA")
        if context is not None:
            self.request = context.wrap_socket(self.request, server_side=True)
        super().setup()

    def parse_request(self) -> bool:
        """What our clients send, in a fifth of the time that http.server's own takes."""
        self.requestline = self.raw_requestline.decode("latin-1").rstrip()
        self.command, self.path, self.request_version = self.requestline.split(" ")
        self.close_connection = False
        self.fields: dict[str, str] = {}
        while line := self.rfile.readline().strip():
            name, _, value = line.decode("latin-1").partition(":")
            self.fields[name.title()] = value.strip()
        return True

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.fields.get("Content-Length", 0)))
        if self._generation != self.owner.generation:
            self.close_connection = True
            return
        request = Request(method=self.command, path=self.path, headers=self.fields, body=body)
        reply = self.owner.answer(request)
        if not isinstance(reply, Reply):
            self.close_connection = True
            with contextlib.suppress(OSError):
                reply(self)
                self.wfile.flush()
            return
        self.send_response_only(reply.status)
        for name, value in {"Content-Type": "application/json", **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    do_PATCH = do_POST = do_GET  # noqa: N815 - the names of http.server

    def finish(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            super().finish()
        self.connection.close()

    def log_message(self, *_: object) -> None:
        pass
