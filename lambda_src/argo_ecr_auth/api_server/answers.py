"""What an API server's refusals mean, and what to do about them.

The words of an answer are never quoted: an admission webhook, a policy or a proxy may put anything into them that it
has seen of the request, the password and the bearer token included, in any encoding. Only what the API server itself
composes is read from them, by patterns that have no room for a value of the object.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from urllib3.exceptions import MaxRetryError, ProtocolError, SSLError

from argo_ecr_auth.api_server.trust import EXPIRED, NOT_YET_VALID, OTHER_HOST, OTHER_IP_ADDRESS
from argo_ecr_auth.core.errors import AddressError, ForbiddenError, SyncError, UnauthorizedError
from argo_ecr_auth.core.targets import Target
from argo_ecr_auth.deadlines import time_is_up

_MAX_MESSAGE = 1_000  # characters that are looked at
# Of an object, in the API server's own words (RFC 1123; apimachinery, validation).
_NAME = r"[a-z0-9](?:[a-z0-9.:-]{0,251}[a-z0-9])?"
_SUBJECT = r'(?:secrets|configmaps) "[^"]*" is forbidden: '
# The words of the API server's own authorizer. An admission webhook may answer 403 too, in other words.
_NO_RIGHT = re.compile(r'[a-z.]+(?: "[^"]*")? is forbidden: User "[^"]*" cannot [a-z]+ resource "')
# How the API server begins to tell of others that refuse (apiserver, admission/plugin/webhook/errors and
# admission/plugin/policy/validating), of its quotas and of a namespace that ends (plugin/pkg/admission).
_LOG = "its own log says why"
_REFUSED_BY = (
    (re.compile(rf'admission webhook "({_NAME})" denied the request'), f"the admission webhook {{}} denied it: {_LOG}"),
    (
        re.compile(rf'(?:Internal error occurred: )?failed calling webhook "({_NAME})"'),
        f"the admission webhook {{}} did not answer as it should: {_LOG}",
    ),
    (
        re.compile(rf"{_SUBJECT}ValidatingAdmissionPolicy '({_NAME})' with binding '{_NAME}' denied request"),
        "the ValidatingAdmissionPolicy {} denied it: kubectl describe validatingadmissionpolicy {} says why",
    ),
    (re.compile(rf"{_SUBJECT}exceeded quota: ({_NAME}),"), "the ResourceQuota {} is exhausted: raise it"),
    (
        re.compile(rf"{_SUBJECT}unable to create new content in namespace ({_NAME}) because it is being terminated"),
        "the namespace {} is being deleted",
    ),
)
_OTHER_NAME = (
    "is for another name",
    "is its endpoint a tunnel or a load balancer, not the cluster's own?",
)
_CERTIFICATE_FAULTS: Mapping[int | None, tuple[str, str]] = {
    NOT_YET_VALID: ("is not valid yet", "compare the clocks"),
    EXPIRED: ("has expired", "renew it at the API server, or at the tunnel or load balancer in front of it"),
    OTHER_HOST: _OTHER_NAME,
    OTHER_IP_ADDRESS: _OTHER_NAME,
}
_SEE_AUDIT_LOG = "the API server's audit log says why"


def is_not_found(body: Mapping[str, Any]) -> bool:
    """Whether a 404 is the API server's own: a proxy has none of the object."""
    return (body.get("kind"), body.get("reason")) == ("Status", "NotFound")


def make_unreachable_error(error: Exception, *, host: str, target: Target) -> AddressError:
    """What it means that the API server at this URL did not answer."""
    cause = error.reason if isinstance(error, MaxRetryError) and error.reason else error
    if isinstance(cause, SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(cause):
        if fault := _CERTIFICATE_FAULTS.get(getattr(cause.args[0], "verify_code", None)):
            return AddressError(failed=f"{host}'s certificate {fault[0]}", remedy=fault[1])
        return AddressError(
            failed=f"{host}'s certificate is not signed by {target.cluster}'s CA",
            remedy="correct certificate_authority if it is set for the target; otherwise look for an intercepting "
            "proxy",
        )
    if time_is_up():
        return AddressError(failed=f"timed out waiting for {host} of the cluster {target.cluster}", transient=True)
    if isinstance(error, ProtocolError):  # not a MaxRetryError: the answer had begun
        return AddressError(failed=f"{host} of the cluster {target.cluster} cut its response short", transient=True)
    return AddressError(
        failed=f"{host} of the cluster {target.cluster} does not answer ({type(cause).__name__})",
        remedy="is its endpoint private, limited by publicAccessCidrs, or the cluster stopped?",
    )


def make_refusal_error(
    status: int, body: Mapping[str, Any], *, target: Target, doing: str, namespace: str
) -> SyncError:
    """What the API server's status means; `doing` is what it was asked to do."""
    where = f"{target.cluster}'s API server"
    message = " ".join(str(body.get("message", ""))[:_MAX_MESSAGE].split())
    if status == HTTPStatus.UNAUTHORIZED:
        return UnauthorizedError(failed=f"{where} returned 401", target=target)
    if status == HTTPStatus.FORBIDDEN and _NO_RIGHT.match(message):
        return ForbiddenError(failed=f"{where} forbids to {doing}", target=target, doing=doing, namespace=namespace)
    if status == HTTPStatus.NOT_FOUND and is_not_found(body):
        return SyncError(failed=f"{where} has no namespace {namespace}", remedy=f"kubectl create namespace {namespace}")
    failed = f"{where} refused to {doing} ({status})"
    if status == HTTPStatus.CONFLICT:
        return SyncError(failed=failed, why="it changed since it was read", transient=True)
    transient = status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return SyncError(failed=failed, why=_name_reason(status, message), transient=transient)


def _name_reason(status: int, message: str) -> str:
    """Who or what refused, and where to look; no word of the answer that somebody else composed."""
    for pattern, words in _REFUSED_BY:
        if found := pattern.match(message):
            return words.replace("{}", found[1])
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        return f"it is not a valid object; {_SEE_AUDIT_LOG}"
    return _SEE_AUDIT_LOG
