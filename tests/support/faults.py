"""Faults of HTTP servers: each answers one request wrongly.

    with https_server(make_handler(drip())) as (url, ca_pem):

A fault can also be the `first` of `loopback.passing_on`, through which other requests reach a real API server.
"""

import contextlib
import gzip
import os
import socket
import struct
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

Fault = Callable[[BaseHTTPRequestHandler], None]


def make_handler(fault: Fault) -> type[BaseHTTPRequestHandler]:
    """A handler that meets every request with the fault."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            # The client may give up.
            with contextlib.suppress(OSError):
                fault(self)

        do_PATCH = do_POST = do_PUT = do_GET  # noqa: N815 - the names of http.server

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def answer(body: bytes = b"", *, status: int = 200, headers: dict[str, str] | None = None) -> Fault:
    def fault(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return fault


def answer_half(body: bytes, *, status: int = 200, headers: dict[str, str] | None = None) -> Fault:
    """The headers and half of the body, and the end of the connection."""

    def fault(request: BaseHTTPRequestHandler) -> None:
        given = {**(headers or {}), "Content-Length": str(len(body)), "Connection": "close"}
        request.send_response(status)
        for name, value in given.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body[: len(body) // 2])

    return fault


def refuse_as_sts(code: str) -> Fault:
    """A refusal of STS with this code."""
    body = (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
        f"<Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
    )
    return answer(body.encode(), status=403, headers={"Content-Type": "text/xml"})


def answer_gzip_bomb(*, megabytes: int = 200) -> Fault:
    """A JSON text of that size, compressed to a thousandth."""
    body = gzip.compress(b'"' + b"x" * megabytes * 1_000_000 + b'"', compresslevel=9)
    return answer(body, headers={"Content-Encoding": "gzip"})


def redirect(location: str, *, status: int = 307) -> Fault:
    return answer(status=status, headers={"Location": location})


def drip(*, seconds: float = 1, status: int = 200) -> Fault:
    """The headers, then a byte after each `seconds`, without an end."""

    def fault(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.end_headers()
        while True:
            request.wfile.write(b" ")
            time.sleep(seconds)

    return fault


def drip_headers(*, seconds: float = 1) -> Fault:
    """A header after each `seconds`, without an end: with 0, as fast as it goes."""

    def fault(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            request.wfile.write(b"X-More: x\r\n")
            time.sleep(seconds)

    return fault


def hang(request: BaseHTTPRequestHandler) -> None:
    """No answer until the client closes the connection."""
    request.connection.recv(1)


def break_off(request: BaseHTTPRequestHandler) -> None:
    """The end of the connection, in order, before any answer."""
    request.connection.shutdown(socket.SHUT_RDWR)


def reset(request: BaseHTTPRequestHandler) -> None:
    """A TCP reset before any answer."""
    request.close_connection = True  # a next request would be read from whatever has the connection's number by then
    request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # By its number: objects that refer to the connection would put the close off.
    os.close(request.connection.detach())
