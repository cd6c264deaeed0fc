"""A port of 127.0.0.1 that can refuse connections, or show another certificate, while nobody else can take it."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Self

import trustme

from tests.integration.fault_matrix.ways import Door

HOST = "127.0.0.1"


class Listener:
    """Lets `serve` have each connection that finds the service, in a thread of its own."""

    def __init__(self, serve: Callable[[socket.socket], object], *, authority: trustme.CA) -> None:
        self._serve = serve
        self._contexts = {Door.OPEN: _make_context(authority), Door.FOREIGN: _make_context(trustme.CA())}
        self._door = Door.OPEN
        self._lock = threading.Lock()
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        # Where nothing listens on the port, a connection is refused: this socket only keeps it.
        self._holder = _bind(0)
        self.port: int = self._holder.getsockname()[1]
        self._listen()
        return self

    def __exit__(self, *_: object) -> None:
        self._close()
        self._drop_connections()
        self._holder.close()
        for thread in self._threads:
            thread.join()

    def use(self, door: Door) -> None:
        """What new connections find from now on; others end, except this thread's own."""
        before, self._door = self._door, door
        if door is Door.SHUT:
            self._close()
        elif before is Door.SHUT:
            self._listen()
        self._drop_connections()

    def _listen(self) -> None:
        self._listener = _bind(self.port)
        self._listener.listen()
        self._start(self._accept, self._listener)

    def _close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # ends the accept, which a close does not
        self._listener.close()

    def _drop_connections(self) -> None:
        with self._lock:
            others = [each for each, thread in self._connections.items() if thread is not threading.current_thread()]
        for connection in others:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self._start(self._secure, connection)

    def _secure(self, connection: socket.socket) -> None:
        context = self._contexts.get(self._door)
        with contextlib.suppress(OSError), contextlib.closing(connection):
            if context is None:
                return
            with contextlib.closing(context.wrap_socket(connection, server_side=True)) as secured:
                with self._lock:
                    self._connections[secured] = threading.current_thread()
                try:
                    self._serve(secured)
                finally:
                    with self._lock:
                        del self._connections[secured]

    def _start(self, function: Callable[[socket.socket], None], connection: socket.socket) -> None:
        thread = threading.Thread(target=function, args=(connection,))
        with self._lock:
            self._threads = [each for each in self._threads if each.is_alive()] + [thread]
            thread.start()


def _bind(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind((HOST, port))
    return listener


def _make_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(context)
    return context
