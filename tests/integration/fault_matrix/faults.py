"""The faults of a request: the columns of the fault matrix."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from tests.integration.fault_matrix.scenarios import Service
from tests.servers import faults
from tests.servers.answers import BODIES, refuse_as_sts
from tests.servers.server import Answer, Fault, Handler, Request, Server, answer_json
from tests.servers.upstream import Upstream


@dataclass(frozen=True, kw_only=True)
class RequestFault:
    """How a request fails: by how it is handled, or by its connections, which then fail until the end of the run."""

    name: str
    handle: Callable[[Upstream], Handler] = lambda upstream: upstream  # given what passes requests on
    break_connections: Callable[[Server], None] | None = None
    and_later: bool = False  # whether the requests after it fail too


FAILURES = {429: "TooManyRequestsException", 500: "InternalFailure", 503: "ServiceUnavailable"}
"""Statuses, and the codes that AWS answers with them."""


def list_faults(service: Service) -> list[RequestFault]:
    """All faults of a request to the service."""
    unauthorized, forbidden, incomplete = _REFUSALS[service]
    return [
        RequestFault(name="refused", break_connections=Server.refuse),
        RequestFault(name="wrong certificate", break_connections=_show_untrusted_certificate),
        _give("reset before", faults.reset),
        RequestFault(name="reset after", handle=_reset_after),
        RequestFault(name="truncated", handle=lambda upstream: lambda request: faults.send_half(upstream(request))),
        _give("hangs once", faults.hang),
        _give("hangs", faults.hang, and_later=True),
        *(
            _give(f"{status}{'' if and_later else ' once'}", _make_failure(service, status), and_later=and_later)
            for status in FAILURES
            for and_later in (False, True)
        ),
        _give("401", unauthorized),
        _give("403", forbidden),
        _give("garbage", Answer(body=BODIES["garbage"])),
        _give("another shape", incomplete),
    ]


def _give(name: str, outcome: Answer | Fault, *, and_later: bool = False) -> RequestFault:
    return RequestFault(name=name, handle=lambda upstream: lambda request: outcome, and_later=and_later)


def _show_untrusted_certificate(server: Server) -> None:
    server.on_connect = lambda: "untrusted CA"
    server.drop_connections()


def _reset_after(upstream: Upstream) -> Handler:
    def handle(request: Request) -> Fault:
        upstream(request)
        return faults.reset

    return handle


def _make_failure(service: Service, status: int) -> Answer:
    headers = {"Retry-After": "1"} if status == 429 else {}
    return Answer(status=status, headers=headers, body=_FORMATS[service](FAILURES[status]))


def _format_as_aws(code: str) -> bytes:
    return json.dumps({"__type": code, "message": "no"}).encode()


def _format_as_api_server(reason: str, message: str = "no") -> bytes:
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    return json.dumps(status | {"message": message, "reason": reason}).encode()


def _format_as_registry(code: str) -> bytes:
    return json.dumps({"errors": [{"code": code, "message": "no"}]}).encode()


_FORMATS: dict[Service, Callable[[str], bytes]] = {
    Service.STS: lambda code: refuse_as_sts(code).body,
    Service.EKS: _format_as_aws,
    Service.API_SERVER: _format_as_api_server,
    Service.ECR: _format_as_aws,
    Service.REGISTRY: _format_as_registry,
}

# AWS answers an unknown access key with 403; a 401 is from a proxy in between.
_UNAUTHORIZED = answer_json({"message": "Unauthorized"}, status=401)
_BASIC = {"WWW-Authenticate": 'Basic realm="https://registry/",service="ecr.amazonaws.com"'}
_ELSEWHERE = {"WWW-Authenticate": 'Bearer realm="https://elsewhere.example.org/token"'}
_NO_RIGHT = 'secrets "ecr-auth" is forbidden: User "function" cannot patch resource "secrets" in API group ""'
_REFUSALS = {
    Service.STS: (
        _UNAUTHORIZED,
        refuse_as_sts("AccessDenied"),
        Answer(body=b"<AssumeRoleResponse><AssumeRoleResult/></AssumeRoleResponse>"),
    ),
    Service.EKS: (
        _UNAUTHORIZED,
        Answer(status=403, body=_format_as_aws("AccessDeniedException")),
        answer_json({"cluster": {"name": "demo", "status": "CREATING"}}),
    ),
    Service.API_SERVER: (
        Answer(status=401, body=_format_as_api_server("Unauthorized", "Unauthorized")),
        Answer(status=403, body=_format_as_api_server("Forbidden", _NO_RIGHT)),
        Answer(body=BODIES["an object of another name"]),
    ),
    Service.ECR: (
        _UNAUTHORIZED,
        Answer(status=403, body=_format_as_aws("AccessDeniedException")),
        answer_json({"authorizationData": []}),
    ),
    Service.REGISTRY: (
        Answer(status=401, headers=_BASIC, body=_format_as_registry("UNAUTHORIZED")),
        Answer(status=403, body=_format_as_registry("DENIED")),
        Answer(status=401, headers=_ELSEWHERE),
    ),
}
"""Of each service: its 401, its 403, and a well-formed answer that lacks what is needed."""
