"""Limits on what a thread does over a network: connections, requests and answers together, however slow they are.

A socket's own timeout is the time between two bytes, or until one address of a host answers. A server that sends one
byte a second never reaches it, and a host of eight addresses that do not answer takes eight times as long.

docs/adr/0014-time-limits-in-sockets.md has the alternatives.
"""

import math
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any


class _Limit(threading.local):
    ends = math.inf  # of time.monotonic()
    bytes_left = math.inf  # to receive over TLS


_limit = _Limit()


@contextmanager
def time_limit(seconds: float, *, max_bytes: float = math.inf) -> Iterator[None]:
    """End this thread's connections within this many seconds, or sooner if an enclosing limit requires it.

    Past it, whatever connects, sends or receives raises TimeoutError; more than `max_bytes`, as they are on the wire,
    raise OSError. urllib3 and botocore report both as their own errors. It does not hold for the resolution of names,
    nor in a process that has not called `install_time_limits`.
    """
    before = _limit.ends, _limit.bytes_left
    _limit.ends, _limit.bytes_left = min(_limit.ends, time.monotonic() + seconds), max_bytes
    try:
        yield
    finally:
        _limit.ends, _limit.bytes_left = before


def time_is_up() -> bool:
    """Whether this thread is past its limit."""
    return time.monotonic() >= _limit.ends


def install_time_limits() -> None:
    """Make every connection of this process keep `time_limit`, also those that libraries open for themselves.

    An entry point calls it before the first connection; a second call changes nothing.
    """
    ssl.SSLContext.sslsocket_class = _LimitedSSLSocket
    socket.socket.connect = _connect  # type: ignore[method-assign]
    socket.socket.recv_into = _recv_into  # type: ignore[method-assign]


def _limited(method: Any) -> Any:
    """A socket's method that waits for the peer no longer than the thread's limit allows."""

    @wraps(method)
    def limited(self: socket.socket, *arguments: Any, **named: Any) -> Any:
        left = _limit.ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time limit is reached")
        own = self.gettimeout()
        if left == math.inf or (own is not None and own <= left):
            return method(self, *arguments, **named)
        self.settimeout(left)
        try:
            return method(self, *arguments, **named)
        finally:
            self.settimeout(own)

    return limited


_connect = _limited(socket.socket.connect)
_recv_into = _limited(socket.socket.recv_into)  # of a proxy, before TLS
_read = _limited(ssl.SSLSocket.read)


class _LimitedSSLSocket(ssl.SSLSocket):
    """Waits for the peer no longer, and takes no more from it, than the thread's limit allows."""

    send = _limited(ssl.SSLSocket.send)
    do_handshake = _limited(ssl.SSLSocket.do_handshake)

    def read(self, *arguments: Any, **named: Any) -> Any:
        received = _read(self, *arguments, **named)
        _limit.bytes_left -= received if isinstance(received, int) else len(received)
        if _limit.bytes_left < 0:
            raise OSError("the answer is too large")
        return received
