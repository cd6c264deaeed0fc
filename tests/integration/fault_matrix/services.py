"""The services that a run asks, and the words in which each one fails a request."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from tests.support.faults import Fault, answer


class Service(Enum):
    """A service before which a proxy stands."""

    STS = "sts"
    EKS = "eks"
    API_SERVER = "the API server"
    ECR = "ecr"
    REGISTRY = "the registry"


@dataclass(frozen=True, kw_only=True)
class Words:
    """How a service writes a failure, its refusals, and a well-formed answer that lacks what is needed."""

    format_failure: Callable[[str], bytes]
    unauthorized: Fault
    forbidden: Fault
    another_shape: Fault


def _format_as_sts(code: str) -> bytes:
    error = f"<Error><Type>Receiver</Type><Code>{code}</Code><Message>no</Message></Error>"
    return f'<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">{error}</ErrorResponse>'.encode()


def _format_as_aws(code: str) -> bytes:
    return json.dumps({"__type": code, "message": "no"}).encode()


def _format_as_api_server(reason: str, message: str = "no") -> bytes:
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    return json.dumps(status | {"message": message, "reason": reason}).encode()


def _format_as_registry(code: str) -> bytes:
    return json.dumps({"errors": [{"code": code, "message": "no"}]}).encode()


# AWS answers an unknown access key with 403; a 401 is of a proxy in between.
_UNAUTHORIZED = answer(b'{"message": "Unauthorized"}', status=401)
_BASIC = {"WWW-Authenticate": 'Basic realm="https://registry/",service="ecr.amazonaws.com"'}
_ELSEWHERE = {"WWW-Authenticate": 'Bearer realm="https://elsewhere.example.org/token"'}
_NO_RIGHT = 'secrets "ecr-auth" is forbidden: User "function" cannot patch resource "secrets" in API group ""'

WORDS = {
    Service.STS: Words(
        format_failure=_format_as_sts,
        unauthorized=_UNAUTHORIZED,
        forbidden=answer(_format_as_sts("AccessDenied"), status=403),
        another_shape=answer(b"<AssumeRoleResponse><AssumeRoleResult/></AssumeRoleResponse>"),
    ),
    Service.EKS: Words(
        format_failure=_format_as_aws,
        unauthorized=_UNAUTHORIZED,
        forbidden=answer(_format_as_aws("AccessDeniedException"), status=403),
        another_shape=answer(b'{"cluster": {"name": "demo", "status": "CREATING"}}'),
    ),
    Service.API_SERVER: Words(
        format_failure=_format_as_api_server,
        unauthorized=answer(_format_as_api_server("Unauthorized", "Unauthorized"), status=401),
        forbidden=answer(_format_as_api_server("Forbidden", _NO_RIGHT), status=403),
        another_shape=answer(b'{"metadata": {"namespace": "argocd", "name": "another"}}'),
    ),
    Service.ECR: Words(
        format_failure=_format_as_aws,
        unauthorized=_UNAUTHORIZED,
        forbidden=answer(_format_as_aws("AccessDeniedException"), status=403),
        another_shape=answer(b'{"authorizationData": []}'),
    ),
    Service.REGISTRY: Words(
        format_failure=_format_as_registry,
        unauthorized=answer(_format_as_registry("UNAUTHORIZED"), status=401, headers=_BASIC),
        forbidden=answer(_format_as_registry("DENIED"), status=403),
        another_shape=answer(status=401, headers=_ELSEWHERE),
    ),
}
