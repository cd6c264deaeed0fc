"""A proxy with TLS before one service. It fails the n-th request of a run in one way, and passes on the others."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler
from typing import Self

import trustme

from tests.integration.fault_matrix.ways import Answer, Door, Way

_HOST = "127.0.0.1"
_CONNECTION_HEADERS = {"connection", "content-length", "transfer-encoding", "keep-alive"}


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request as it is passed on."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Upstream = Callable[[Request], Answer]


@dataclass(frozen=True, kw_only=True)
class _Fault:
    """A way, and the request that meets it, counted from 0."""

    way: Way
    turn: int

    def is_met_by(self, turn: int) -> bool:
        return turn == self.turn or (self.way.kept and turn > self.turn)


class Proxy:
    """Serves on one port from `with` to its end; a client trusts `authority`."""

    def __init__(self, upstream: Upstream, *, authority: trustme.CA) -> None:
        self.upstream = upstream
        self._contexts = {Door.OPEN: _make_context(authority), Door.FOREIGN: _make_context(trustme.CA())}
        self._door = Door.OPEN
        self._fault: _Fault | None = None
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self.requests = 0  # since a fault was armed
        self.met = 0  # requests that met it, or changes of what a connection finds

    def __enter__(self) -> Self:
        # Keeps the port where nothing listens on it: a connection is refused, and nobody else takes it.
        self._holder = _bind(0)
        self.port: int = self._holder.getsockname()[1]
        self._listen()
        return self

    def __exit__(self, *_: object) -> None:
        self._close()
        self._holder.close()
        for thread in self._threads:
            thread.join()

    @property
    def url(self) -> str:
        return f"https://{_HOST}:{self.port}"

    def arm(self, way: Way, *, turn: int) -> None:
        """Let the request number `turn` from now on meet the way, and all after it where the way is kept."""
        self.requests = self.met = 0
        self._fault = _Fault(way=way, turn=turn)
        if turn == 0:
            self._use_door(way)

    def disarm(self) -> None:
        """Pass on all requests again, over new connections."""
        self._fault = None
        if self._door is Door.SHUT:
            self._listen()
        self._door = Door.OPEN
        self._drop_connections()

    def find_way(self) -> tuple[Way | None, bool]:
        """How the request that has come now is met, and whether the connection ends with its answer."""
        if self._fault is None:
            return None, False
        turn, self.requests = self.requests, self.requests + 1
        if self._fault.way.door is not Door.OPEN:
            return None, turn + 1 == self._fault.turn and self._use_door(self._fault.way)
        if not self._fault.is_met_by(turn):
            return None, False
        self.met += 1
        return self._fault.way, False

    def _use_door(self, way: Way) -> bool:
        """Change what the next connection finds; whether that is a change."""
        if way.door is Door.OPEN:
            return False
        self.met += 1
        self._door = way.door
        if way.door is Door.SHUT:
            self._close()
        self._drop_connections()
        return True

    def _listen(self) -> None:
        self._listener = _bind(self.port)
        self._listener.listen()
        self._start(self._accept, self._listener)

    def _close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # ends the accept, which a close does not
        self._listener.close()
        self._drop_connections()

    def _drop_connections(self) -> None:
        """End those that wait for a request. One whose request is being answered ends itself."""
        with self._lock:
            waiting = [each for each in self._connections if each is not _current.connection]
        for connection in waiting:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        context = self._contexts.get(self._door)
        with contextlib.suppress(OSError), contextlib.closing(connection):
            if context is None:
                return
            with contextlib.closing(context.wrap_socket(connection, server_side=True)) as secured:
                _current.connection = secured
                with self._lock:
                    self._connections.add(secured)
                try:
                    _Handler(secured, self)
                finally:
                    with self._lock:
                        self._connections.discard(secured)

    def _start(self, function: Callable[[socket.socket], None], connection: socket.socket) -> None:
        with self._lock:
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            thread = threading.Thread(target=function, args=(connection,))
            self._threads.append(thread)
            thread.start()


class _Current(threading.local):
    connection: socket.socket | None = None  # that this thread serves


_current = _Current()


class _Handler(BaseHTTPRequestHandler):
    """Serves one connection."""

    protocol_version = "HTTP/1.1"

    def __init__(self, connection: socket.socket, proxy: Proxy) -> None:
        self._proxy = proxy
        super().__init__(connection, (_HOST, 0), None)  # type: ignore[arg-type] # it needs no server

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = Request(method=self.command, path=self.path, headers=_keep_headers(self.headers), body=body)
        way, is_last = self._proxy.find_way()
        if way is not None and way.meet is not None:
            way.meet(self, lambda: self._proxy.upstream(request))
            return
        answer = self._proxy.upstream(request)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        if is_last:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)

    do_PATCH = do_POST = do_GET  # noqa: N815 - the names of http.server

    def log_message(self, *_: object) -> None:
        pass


def _keep_headers(headers: Message) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _CONNECTION_HEADERS}


def _bind(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind((_HOST, port))
    return listener


def _make_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(_HOST).configure_cert(context)
    return context
