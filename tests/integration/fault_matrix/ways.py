"""The ways in which a request fails: the columns of the fault matrix."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler

from tests.integration.fault_matrix.services import WORDS, Service
from tests.servers.answers import BODIES
from tests.support.faults import Fault, answer, answer_half, hang, reset


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A service's answer."""

    status: int
    headers: dict[str, str]
    body: bytes


class Door(Enum):
    """What a new connection finds."""

    OPEN = "the service"
    SHUT = "nobody who listens"
    FOREIGN = "a certificate of another authority"


FAILURES = {429: "TooManyRequestsException", 500: "InternalFailure", 503: "ServiceUnavailable"}
"""Statuses, and the codes that AWS answers with them."""

Meet = Callable[[BaseHTTPRequestHandler, Callable[[], Answer]], None]
"""Answers a request wrongly, or not at all; the second argument hands it on to the service."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """How a request fails: by what its connection finds, until the end of the run, or by its answer."""

    name: str
    meet: Meet | None = None
    door: Door = Door.OPEN
    kept: bool = False  # whether the requests after it fail too


def make_ways(service: Service) -> dict[str, Way]:
    """All ways in which a request to the service fails, by their names."""
    return {way.name: way for way in _make_ways(service)}


def _make_ways(service: Service) -> Iterator[Way]:
    words = WORDS[service]
    yield Way(name="refused", door=Door.SHUT)
    yield Way(name="wrong certificate", door=Door.FOREIGN)
    yield Way(name="reset before", meet=_before(reset))
    yield Way(name="reset after", meet=_reset_after)
    yield Way(name="truncated", meet=_truncate)
    yield Way(name="hangs once", meet=_before(hang))
    yield Way(name="hangs", meet=_before(hang), kept=True)
    for status, code in FAILURES.items():
        headers = {"Retry-After": "1"} if status == HTTPStatus.TOO_MANY_REQUESTS else {}
        fault = _before(answer(words.format_failure(code), status=status, headers=headers))
        yield Way(name=f"{status} once", meet=fault)
        yield Way(name=f"{status}", meet=fault, kept=True)
    yield Way(name="401", meet=_before(words.unauthorized))
    yield Way(name="403", meet=_before(words.forbidden))
    yield Way(name="garbage", meet=_before(answer(BODIES["garbage"])))
    yield Way(name="another shape", meet=_before(words.another_shape))


def _before(fault: Fault) -> Meet:
    return lambda request, hand_on: fault(request)


def _reset_after(request: BaseHTTPRequestHandler, hand_on: Callable[[], Answer]) -> None:
    hand_on()
    reset(request)


def _truncate(request: BaseHTTPRequestHandler, hand_on: Callable[[], Answer]) -> None:
    given = hand_on()
    answer_half(given.body, status=given.status, headers=given.headers)(request)
