"""Limits on what a thread does over TLS: a handshake, requests and answers together, however slowly bytes arrive.

A socket's own timeout is the time between two bytes. A server that sends one byte a second never reaches it.
"""

import math
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class _Limit(threading.local):
    ends = math.inf  # of time.monotonic()
    bytes_left = math.inf  # to receive


_limit = _Limit()


@contextmanager
def time_limit(seconds: float, *, max_bytes: float = math.inf) -> Iterator[None]:
    """Let this thread's TLS connections end within so many seconds, or with the limit around this one.

    Past it, whatever is sent or received raises TimeoutError; more than `max_bytes`, as they are on the wire, raise
    OSError. urllib3 and botocore report both as their own errors.
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


def enforce_time_limits() -> None:
    """Make every TLS connection of this process keep `time_limit`, also those that libraries open for themselves."""
    ssl.SSLContext.sslsocket_class = _LimitedSocket


class _LimitedSocket(ssl.SSLSocket):
    """Waits for the peer no longer, and takes no more from it, than the thread's limit allows."""

    def read(self, *arguments: Any, **named: Any) -> Any:
        with self._limited():
            received: Any = super().read(*arguments, **named)
        _limit.bytes_left -= received if isinstance(received, int) else len(received)
        if _limit.bytes_left < 0:
            raise OSError("the answer is too large")
        return received

    def send(self, *arguments: Any, **named: Any) -> int:
        with self._limited():
            return super().send(*arguments, **named)

    def do_handshake(self, *arguments: Any, **named: Any) -> None:
        with self._limited():
            super().do_handshake(*arguments, **named)

    @contextmanager
    def _limited(self) -> Iterator[None]:
        left = _limit.ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time limit is reached")
        own = self.gettimeout()
        if left == math.inf or (own is not None and own <= left):
            yield
            return
        self.settimeout(left)
        try:
            yield
        finally:
            self.settimeout(own)
