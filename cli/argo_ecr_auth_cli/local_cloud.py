"""The cloud of `make up`, which a shell reaches by AWS_ENDPOINT_URL."""

import os
import socket
from urllib.parse import urlsplit

from argo_ecr_auth_cli.terminal.exits import UNKNOWN, CommandError

_SECONDS_TO_CONNECT = 3


def is_local_cloud() -> bool:
    """Whether the environment points at it."""
    return os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://127.0.0.1:")


def refuse_stopped_local_cloud() -> None:
    """Raise CommandError if the environment still points at one that is down."""
    if is_local_cloud() and not _is_reachable(os.environ["AWS_ENDPOINT_URL"]):
        reason = "this shell points at a local cloud that is down: start it with make up, or open a new shell"
        raise CommandError(reason, code=UNKNOWN)


def _is_reachable(url: str) -> bool:
    address = urlsplit(url)
    try:
        socket.create_connection((address.hostname, address.port), timeout=_SECONDS_TO_CONNECT).close()
    except OSError:
        return False
    return True
