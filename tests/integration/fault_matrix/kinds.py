"""The kinds of run: how each one comes about, what it asks for, and what it does where nothing fails."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.integration.fault_matrix.services import Service
from tests.support.objects import Objects
from tests.support.rewritten import rewrite_expiry


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request of a run: a row of the fault matrix."""

    name: str
    service: Service
    turn: int = 0  # of the run's requests to its service, from 0
    with_role: bool = False  # the settings name a role


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of run; `action` is its result where nothing fails."""

    title: str
    action: str
    is_cold: bool
    prepare: Callable[[Objects], None]
    requests: tuple[Request, ...]


def make_due(objects: Objects) -> None:
    """As if the token had been written nine hours ago."""
    rewrite_expiry(objects, datetime.now(UTC) + timedelta(hours=3))


def _delete(objects: Objects) -> None:
    for plural in ("secrets", "configmaps"):
        if objects.get(plural):
            objects.delete(plural)


def _put_into_binary_data(objects: Objects) -> None:
    objects.patch("configmaps", {"data": {"name": None}, "binaryData": {"name": "AAAA"}})


def _ask_api_server(*names: str) -> tuple[Request, ...]:
    return tuple(Request(name=name, service=Service.API_SERVER, turn=turn) for turn, name in enumerate(names))


_READS = ("GET Secret", "GET ConfigMap")
_WRITES = ("PATCH Secret", "PATCH ConfigMap", "GET Secret again")
_TOKEN = (
    Request(name="GetAuthorizationToken", service=Service.ECR),
    Request(name="login", service=Service.REGISTRY),
)

IDLE = Kind(
    title="An idle run",
    action="fresh",
    is_cold=False,
    prepare=lambda objects: None,
    requests=_ask_api_server(*_READS),
)
FIRST = Kind(
    title="A first run",
    action="created",
    is_cold=True,
    prepare=_delete,
    requests=(
        Request(name="AssumeRole", service=Service.STS, with_role=True),
        Request(name="DescribeCluster", service=Service.EKS),
        *_TOKEN,
        *_ask_api_server(*_READS, *_WRITES),
    ),
)
RENEWAL = Kind(
    title="A renewal",
    action="renewed",
    is_cold=False,
    prepare=make_due,
    requests=(*_TOKEN, *_ask_api_server(*_READS, *_WRITES)),
)
REPAIR = Kind(
    title="A repair",
    action="repaired",
    is_cold=False,
    prepare=_put_into_binary_data,
    requests=_ask_api_server(*_READS, "PATCH binaryData", *_WRITES),
)

KINDS = (IDLE, FIRST, RENEWAL, REPAIR)
"""In the order of the page."""
