"""The kinds of run, and the requests of each: the tables and rows of the fault matrix."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

from tests.support.objects import Objects
from tests.support.rewritten import rewrite_expiry


class Service(Enum):
    """A service that a run calls, behind a proxy."""

    STS = "sts"
    EKS = "eks"
    API_SERVER = "the API server"
    ECR = "ecr"
    REGISTRY = "the registry"


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request of a run."""

    name: str
    service: Service
    number: int = 0  # of the run's requests to the service, from 0
    with_role: bool = False  # the settings name a role


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A kind of run; `action` is its result where nothing fails."""

    title: str
    action: str
    is_cold: bool = False
    prepare: Callable[[Objects], None]
    calls: tuple[Call, ...]


def make_due(objects: Objects) -> None:
    """As if the token had been written nine hours ago."""
    rewrite_expiry(objects, datetime.now(UTC) + timedelta(hours=3))


def _delete(objects: Objects) -> None:
    for plural in ("secrets", "configmaps"):
        if objects.get(plural):
            objects.delete(plural)


def _put_into_binary_data(objects: Objects) -> None:
    objects.patch("configmaps", {"data": {"name": None}, "binaryData": {"name": "AAAA"}})


def _call_api_server(*names: str) -> tuple[Call, ...]:
    return tuple(Call(name=name, service=Service.API_SERVER, number=number) for number, name in enumerate(names))


_READS = ("GET Secret", "GET ConfigMap")
_WRITES = ("PATCH Secret", "PATCH ConfigMap", "GET Secret again")
_TOKEN = (Call(name="GetAuthorizationToken", service=Service.ECR), Call(name="login", service=Service.REGISTRY))

IDLE = Scenario(title="An idle run", action="fresh", prepare=lambda objects: None, calls=_call_api_server(*_READS))
FIRST = Scenario(
    title="A first run",
    action="created",
    is_cold=True,
    prepare=_delete,
    calls=(
        Call(name="AssumeRole", service=Service.STS, with_role=True),
        Call(name="DescribeCluster", service=Service.EKS),
        *_TOKEN,
        *_call_api_server(*_READS, *_WRITES),
    ),
)
RENEWAL = Scenario(
    title="A renewal", action="renewed", prepare=make_due, calls=(*_TOKEN, *_call_api_server(*_READS, *_WRITES))
)
REPAIR = Scenario(
    title="A repair",
    action="repaired",
    prepare=_put_into_binary_data,
    calls=_call_api_server(*_READS, "PATCH binaryData", *_WRITES),
)

SCENARIOS = (IDLE, FIRST, RENEWAL, REPAIR)
"""In the order of the page."""
