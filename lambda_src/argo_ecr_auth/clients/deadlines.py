"""Deadlines for what a thread does over TLS: a handshake, requests and answers together, however slowly bytes arrive.

A socket's own timeout is the time between two bytes. A server that sends one byte a second never reaches it.
"""

import math
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class _Deadline(threading.local):
    at = math.inf  # of time.monotonic()


_deadline = _Deadline()


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Let this thread's TLS connections end within so many seconds, or with the limit around this one.

    Past it, whatever is sent or received raises TimeoutError, which urllib3 and botocore report as their own.
    """
    before = _deadline.at
    _deadline.at = min(before, time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.at = before


def time_is_up() -> bool:
    """Whether this thread is past its limit."""
    return time.monotonic() >= _deadline.at


def enforce_time_limits() -> None:
    """Make every TLS connection of this process keep `time_limit`, also those that libraries open for themselves."""
    ssl.SSLContext.sslsocket_class = _LimitedSocket


class _LimitedSocket(ssl.SSLSocket):
    """Waits for the peer no longer than the thread's limit allows."""

    def read(self, *arguments: Any, **named: Any) -> Any:
        with self._limited():
            return super().read(*arguments, **named)

    def send(self, *arguments: Any, **named: Any) -> int:
        with self._limited():
            return super().send(*arguments, **named)

    def do_handshake(self, *arguments: Any, **named: Any) -> None:
        with self._limited():
            super().do_handshake(*arguments, **named)

    @contextmanager
    def _limited(self) -> Iterator[None]:
        left = _deadline.at - time.monotonic()
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
