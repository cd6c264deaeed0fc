"""A server on a port of 127.0.0.1 that answers by a function of the request, or fails.

    with Server(always(answer_json({"a": 1}))) as server:
        urllib3.PoolManager(ca_cert_data=server.ca_pem).request("GET", server.url)
        assert server.requests[0].method == "GET"

A handler returns an `Answer`, or a `Fault` that takes over the connection (`tests.servers.faults`).
"""

import http.client
import json
import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import BinaryIO, Literal, Self

import trustme

from tests.local_cloud.registry import LoopbackAddress

HOST = "127.0.0.1"
_RECORDED = 1000


@dataclass(frozen=True, kw_only=True)
class Request:
    """An HTTP request. Names of headers are in title case (`Content-Type`)."""

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An HTTP answer: JSON unless its headers name another type."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def format_head(self, *, is_last: bool = False) -> bytes:
        """The answer up to its body; `is_last` announces the connection's end."""
        headers = {"Content-Type": "application/json", **self.headers, "Content-Length": str(len(self.body))}
        if is_last:
            headers["Connection"] = "close"
        lines = [f"HTTP/1.1 {self.status} {http.client.responses.get(self.status, '')}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode()


def answer_json(body: object, *, status: int = 200) -> Answer:
    return Answer(status=status, body=json.dumps(body).encode())


Fault = Callable[[socket.socket], None]
"""Does what it likes with a connection whose request was read; the server closes the connection after it."""

Handler = Callable[[Request], Answer | Fault]


def always(outcome: Answer | Fault) -> Handler:
    """The same for every request."""
    return lambda request: outcome


ConnectionFault = Literal["reset", "untrusted CA"]
"""How a connection fails before its first request: with a reset, or a certificate that an untrusted CA signed."""


@dataclass(eq=False)
class _Connection:
    socket: socket.socket
    is_answering: bool = False
    is_last: bool = False  # close it after the answer

    def shut_down(self) -> None:
        with suppress(OSError):
            socket.socket.shutdown(self.socket, socket.SHUT_RDWR)  # TLS's own would let its reader go on in plain text


class Server:
    """Listens from its construction to `stop`, or to the end of its `with` block. Its threads end with it.

    `handler` and `on_connect` may be replaced at any time. `requests` are the last thousand.
    """

    def __init__(
        self,
        handler: Handler,
        *,
        tls: bool = True,
        authority: trustme.CA | None = None,
        on_connect: Callable[[], ConnectionFault | None] = lambda: None,
    ) -> None:
        self.handler = handler
        self.on_connect = on_connect
        self.requests: deque[Request] = deque(maxlen=_RECORDED)
        self.connections = 0  # so far
        self._authority = authority or trustme.CA()
        self._context = _make_context(self._authority) if tls else None
        self._lock = threading.Lock()
        self._open: dict[_Connection, threading.Thread] = {}
        self._listener: socket.socket | None = None
        self._start()

    @property
    def url(self) -> str:
        return f"{'https' if self._context else 'http'}://{HOST}:{self.port}"

    @property
    def ca_pem(self) -> str:
        return self._authority.cert_pem.bytes().decode()

    @property
    def address(self) -> LoopbackAddress:
        """For a `LoopbackClient` that is to find any host here."""
        return LoopbackAddress(port=self.port, ca_pem=self.ca_pem, certificate_for=HOST)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Close the port and all connections, and wait for their threads."""
        self.refuse()
        with self._lock:
            threads = list(self._open.values())
            for connection in self._open:
                connection.shut_down()
        for thread in threads:
            thread.join()
        self._holder.close()

    def wait_for_closed(self, *, seconds: float) -> bool:
        """Whether the clients close all connections that are open now, each within this time."""
        with self._lock:
            threads = list(self._open.values())
        for thread in threads:
            thread.join(seconds)
        return not any(thread.is_alive() for thread in threads)

    def drop_connections(self) -> None:
        """Close all connections: a request that has come is still answered, also the one of this thread's handler."""
        with self._lock:
            for connection in self._open:
                connection.is_last = True
                if not connection.is_answering:
                    connection.shut_down()

    def refuse(self) -> None:
        """Drop connections and refuse new ones. The port stays this server's own."""
        if self._listener is not None:
            # The shutdown ends the accept, which a close does not.
            self._listener.shutdown(socket.SHUT_RDWR)
            self._acceptor.join()
            self._listener.close()
            self._listener = None
        self.drop_connections()

    def accept(self) -> None:
        """Accept connections again after `refuse`."""
        if self._listener is None:
            self._listen()

    def rotate_authority(self) -> None:
        """Change the authority and its certificate, and drop connections."""
        self._authority = trustme.CA()
        self._context = _make_context(self._authority)
        self.drop_connections()

    def move(self) -> None:
        """Drop connections and go to another port; the one before refuses them from now on."""
        self.refuse()
        before = self._holder
        self._start()
        before.close()

    def _start(self) -> None:
        # Where nobody listens on a port that is bound, a connection is refused, and no other process gets the port.
        self._holder = _bind(0)
        self.port: int = self._holder.getsockname()[1]
        self._listen()

    def _listen(self) -> None:
        self._listener = listener = _bind(self.port)
        listener.listen(128)
        self._acceptor = threading.Thread(target=self._accept, args=(listener,), daemon=True)
        self._acceptor.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                accepted, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            fault = self.on_connect()
            context = _make_untrusted_context() if fault == "untrusted CA" else self._context
            with suppress(OSError):
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if fault == "reset":
                    # CPython's ssl leaks a client's socket that is reset before its first byte is sent.
                    accepted.settimeout(1)
                    accepted.recv(1)
                    reset(accepted)
                    accepted.close()
                    continue
                if context is not None:
                    accepted = context.wrap_socket(accepted, server_side=True, do_handshake_on_connect=False)
                connection = _Connection(accepted)
                thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
                with self._lock:
                    self._open[connection] = thread
                    thread.start()

    def _serve(self, connection: _Connection) -> None:
        try:
            with suppress(OSError), connection.socket, connection.socket.makefile("rb") as reader:
                if isinstance(connection.socket, ssl.SSLSocket):
                    connection.socket.do_handshake()
                while not connection.is_last and (request := _read_request(reader)):
                    self._answer(connection, request)
        finally:
            with self._lock:
                del self._open[connection]

    def _answer(self, connection: _Connection, request: Request) -> None:
        connection.is_answering = True
        self.requests.append(request)
        answer = self.handler(request)
        if isinstance(answer, Answer):
            connection.socket.sendall(answer.format_head(is_last=connection.is_last) + answer.body)
            connection.is_answering = False
        else:
            connection.is_answering = False
            answer(connection.socket)
            connection.is_last = True


def reset(connection: socket.socket) -> None:
    """Let the connection's end be a TCP reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # l_onoff 1, l_linger 0


def _read_request(reader: BinaryIO) -> Request | None:
    """What our clients send, in a fifth of the time that http.server takes."""
    words = reader.readline().decode("latin-1").split(" ")
    if len(words) != 3:
        return None
    headers: dict[str, str] = {}
    while line := reader.readline().strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.title()] = value.strip()
    body = reader.read(int(headers.get("Content-Length", 0)))
    return Request(method=words[0], path=words[1], headers=headers, body=body)


def _bind(port: int) -> socket.socket:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind((HOST, port))
    return bound


def _make_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(context)
    return context


@cache
def _make_untrusted_context() -> ssl.SSLContext:
    return _make_context(trustme.CA())
