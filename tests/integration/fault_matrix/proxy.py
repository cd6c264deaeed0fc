"""A proxy with TLS before one service. It fails the n-th request of a run in one way, and passes on the others."""

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Self

import trustme

from tests.integration.fault_matrix.listener import HOST, Listener
from tests.integration.fault_matrix.ways import Answer, Door, Way
from tests.support.faults import answer


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request as it is passed on."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Upstream = Callable[[Request], Answer]


class Proxy:
    """Serves on one port from `with` to its end; a client trusts `authority`."""

    def __init__(self, upstream: Upstream, *, authority: trustme.CA) -> None:
        self.upstream = upstream
        self.requests = 0  # since a fault was armed
        self.met = 0  # requests that met it, or changes of what a connection finds
        self._fault: tuple[Way, int] | None = None
        self._lock = threading.Lock()
        self._listener = Listener(lambda connection: _Handler(connection, self), authority=authority)

    def __enter__(self) -> Self:
        self._listener.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.__exit__()

    @property
    def port(self) -> int:
        return self._listener.port

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.port}"

    def arm(self, way: Way, *, turn: int) -> None:
        """Let the request number `turn` from now on, counted from 0, meet the way; where it is kept, all after it."""
        self.requests = self.met = 0
        self._fault = way, turn
        if turn == 0 and way.door is not Door.OPEN:
            self._use(way.door)

    def disarm(self) -> None:
        """Pass on all requests again, over new connections."""
        self._fault = None
        self._listener.use(Door.OPEN)

    def find_way(self) -> tuple[Way | None, bool]:
        """How the request that has come now is met, and whether its connection ends with the answer."""
        with self._lock:
            turn, self.requests = self.requests, self.requests + 1
            if self._fault is None:
                return None, False
            way, first = self._fault
            if way.door is not Door.OPEN:
                is_last = turn + 1 == first
                if is_last:
                    self._use(way.door)
                return None, is_last
            if turn == first or (way.kept and turn > first):
                self.met += 1
                return way, False
            return None, False

    def _use(self, door: Door) -> None:
        self.met += 1
        self._listener.use(door)


class _Handler(BaseHTTPRequestHandler):
    """Serves one connection."""

    protocol_version = "HTTP/1.1"

    def __init__(self, connection: socket.socket, proxy: Proxy) -> None:
        self._proxy = proxy
        super().__init__(connection, (HOST, 0), None)  # type: ignore[arg-type] # it needs no server

    def do_GET(self) -> None:
        request = Request(
            method=self.command,
            path=self.path,
            headers=dict(self.headers),
            body=self.rfile.read(int(self.headers.get("Content-Length", 0))),
        )
        way, is_last = self._proxy.find_way()
        if way is not None and way.meet is not None:
            way.meet(self, lambda: self._proxy.upstream(request))
            return
        given = self._proxy.upstream(request)
        headers = {"Connection": "close"} if is_last else {}
        answer(given.body, status=given.status, headers=given.headers | headers)(self)

    do_PATCH = do_POST = do_GET  # noqa: N815 - the names of http.server

    def log_message(self, *_: object) -> None:
        pass
