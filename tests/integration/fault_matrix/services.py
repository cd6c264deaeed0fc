"""The services that a run asks, and the words in which each one refuses."""

import json
from dataclasses import dataclass
from enum import Enum

from tests.support.faults import Fault, answer, refuse_as_sts


class Service(Enum):
    """A service before which a proxy stands."""

    STS = "sts"
    EKS = "eks"
    API_SERVER = "the API server"
    ECR = "ecr"
    REGISTRY = "the registry"


@dataclass(frozen=True, kw_only=True)
class Refusals:
    """A service's own refusals, and an answer of it that is well-formed and lacks what is needed."""

    unauthorized: Fault
    forbidden: Fault
    another_shape: Fault


_NO_CREDENTIALS = answer(
    status=401, headers={"WWW-Authenticate": 'Basic realm="https://registry/",service="ecr.amazonaws.com"'}
)
_ELSEWHERE = answer(status=401, headers={"WWW-Authenticate": 'Bearer realm="https://elsewhere.example.org/token"'})
# AWS answers an unknown access key with 403, STS with the code in XML; a 401 is of a proxy in between.
_UNAUTHORIZED = answer(b'{"message": "Unauthorized"}', status=401)


def _refuse_as_aws(code: str, message: str) -> Fault:
    body = json.dumps({"__type": code, "message": message}).encode()
    return answer(body, status=403, headers={"x-amzn-ErrorType": code})


def _refuse_as_api_server(status: int, reason: str, message: str) -> Fault:
    body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    return answer(json.dumps(body | {"message": message, "reason": reason, "code": status}).encode(), status=status)


_NO_RIGHT = 'secrets "ecr-auth" is forbidden: User "function" cannot patch resource "secrets" in API group ""'

REFUSALS = {
    Service.STS: Refusals(
        unauthorized=_UNAUTHORIZED,
        forbidden=refuse_as_sts("AccessDenied"),
        another_shape=answer(b"<AssumeRoleResponse><AssumeRoleResult/></AssumeRoleResponse>"),
    ),
    Service.EKS: Refusals(
        unauthorized=_UNAUTHORIZED,
        forbidden=_refuse_as_aws("AccessDeniedException", "not authorized to perform: eks:DescribeCluster"),
        another_shape=answer(b'{"cluster": {"name": "demo", "status": "CREATING"}}'),
    ),
    Service.API_SERVER: Refusals(
        unauthorized=_refuse_as_api_server(401, "Unauthorized", "Unauthorized"),
        forbidden=_refuse_as_api_server(403, "Forbidden", _NO_RIGHT),
        another_shape=answer(b'{"metadata": {"namespace": "argocd", "name": "another"}}'),
    ),
    Service.ECR: Refusals(
        unauthorized=_UNAUTHORIZED,
        forbidden=_refuse_as_aws("AccessDeniedException", "not authorized to perform: ecr:GetAuthorizationToken"),
        another_shape=answer(b'{"authorizationData": []}'),
    ),
    Service.REGISTRY: Refusals(
        unauthorized=_NO_CREDENTIALS,
        forbidden=answer(b'{"errors": [{"code": "DENIED", "message": "no"}]}', status=403),
        another_shape=_ELSEWHERE,
    ),
}
