"""Faults of connections: what a client gets in the place of an answer."""

import select
import socket

from tests.servers.server import Answer, Fault, reset

__all__ = ["close", "drip", "drip_headers", "hang", "reset", "send_half"]


def hang(connection: socket.socket) -> None:
    """No answer until the client, or the server, closes the connection."""
    connection.recv(1)


def close(_: socket.socket) -> None:
    """The end of the connection, in order, without an answer."""


def send_half(answer: Answer) -> Fault:
    """The headers and half of the body, and the end of the connection."""
    return lambda connection: connection.sendall(answer.format_head() + answer.body[: len(answer.body) // 2])


def drip(*, seconds: float) -> Fault:
    """The headers, then a byte after each `seconds` until the client gives up."""
    return lambda connection: _drip(connection, b"HTTP/1.1 200 OK\r\n\r\n", b" ", seconds=seconds)


def drip_headers(*, seconds: float) -> Fault:
    """A header after each `seconds` until the client gives up: with 0, as fast as it goes."""
    return lambda connection: _drip(connection, b"HTTP/1.1 200 OK\r\n", b"X-More: x\r\n", seconds=seconds)


def _drip(connection: socket.socket, beginning: bytes, drop: bytes, *, seconds: float) -> None:
    connection.sendall(beginning)
    while True:
        connection.sendall(drop)
        closed, _, _ = select.select([connection], [], [], seconds)
        if closed:
            return
