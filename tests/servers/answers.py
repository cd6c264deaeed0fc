"""Answers that no API of ours gives."""

import gzip

from tests.servers.server import Answer

BODIES = {
    "nothing": b"",
    "HTML": b"<!DOCTYPE html><html><body>Sign in to continue</body></html>",
    "garbage": bytes(range(256)),
    "null": b"null",
    "a number": b"1",
    "a text": b'"ok"',
    "a list": b"[]",
    "an empty object": b"{}",
    "half an object": b'{"metadata": {"name": ',
    "an object without a name": b'{"metadata": {}, "data": []}',
    "an object of another name": b'{"metadata": {"namespace": "argocd", "name": "another"}}',
    "objects in objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "lists in lists": b"[" * 100_000 + b"]" * 100_000,
    "20 MB": b'{"metadata": {"name": "' + b"x" * 20_000_000 + b'"}}',
}
"""Bodies by what they are."""


def refuse_as_sts(code: str) -> Answer:
    """A refusal of STS with this code."""
    body = (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
        f"<Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
    )
    return Answer(body=body.encode(), status=403, headers={"Content-Type": "text/xml"})


def make_gzip_bomb() -> Answer:
    """A JSON text of 200 MB, compressed to a thousandth."""
    body = gzip.compress(b'"' + b"x" * 200_000_000 + b'"', compresslevel=9)
    return Answer(body=body, headers={"Content-Encoding": "gzip"})
