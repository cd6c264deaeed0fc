"""What an API server's refusals mean, and what to do about them.

The words of an answer are never quoted: an admission webhook, a policy or a proxy may put anything into them that it
has seen of the request, the password and the bearer token included, in any encoding. Only what the API server itself
composes is read from them, by patterns that have no room for a value of the object.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from urllib3.exceptions import MaxRetryError, ProtocolError, SSLError

from argo_ecr_auth.core.caller import Caller
from argo_ecr_auth.core.errors import AddressError, SyncError
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
_SEE_AUDIT_LOG = "the API server's audit log says why"


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """Who asked which API server."""

    target: Target
    host: str  # the API server's URL
    caller: Caller


def is_not_found(body: Mapping[str, Any]) -> bool:
    """Whether a 404 is the API server's own: a proxy has none of the object."""
    return (body.get("kind"), body.get("reason")) == ("Status", "NotFound")


def explain_unreachable(exchange: Exchange, error: Exception) -> AddressError:
    host = exchange.host
    cause = error.reason if isinstance(error, MaxRetryError) and error.reason else error
    if isinstance(cause, SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(cause):
        return AddressError(
            f"{host}'s certificate is not signed by {exchange.target.cluster}'s CA: correct certificate_authority if "
            "it is set for the target; otherwise look for an intercepting proxy"
        )
    if time_is_up():
        return AddressError(
            f"timed out waiting for {host} of the cluster {exchange.target.cluster}; the next run tries again"
        )
    if isinstance(error, ProtocolError):  # not a MaxRetryError: the answer had begun
        return AddressError(
            f"{host} of the cluster {exchange.target.cluster} broke off its answer; the next run tries again"
        )
    return AddressError(
        f"{host} of the cluster {exchange.target.cluster} does not answer ({type(cause).__name__}): is its endpoint "
        "private, limited by publicAccessCidrs, or the cluster stopped?"
    )


def explain_refusal(
    exchange: Exchange,
    status: int,
    body: Mapping[str, Any],
    *,
    doing: str,
    namespace: str,
) -> SyncError:
    where = f"{exchange.target.cluster}'s API server"
    message = " ".join(str(body.get("message", ""))[:_MAX_MESSAGE].split())
    if status == HTTPStatus.UNAUTHORIZED:
        return SyncError(f"{where} answers 401 to {_explain_unauthorized(exchange)}")
    if status == HTTPStatus.FORBIDDEN and _NO_RIGHT.match(message):
        if not exchange.caller.is_function:
            who, why = exchange.caller.name, f"the right is missing, or the namespace {namespace} is"
        else:
            who = "the function"
            why = (
                f"the namespace {namespace} is missing (kubectl create namespace {namespace}), or its Role is "
                f"(kubectl apply -f cdk.out/rbac/{exchange.target.name}.rbac.yaml)"
            )
        return SyncError(f"{where} does not let {who} {doing}: {why}")
    if status == HTTPStatus.NOT_FOUND and is_not_found(body):
        return SyncError(f"{where} has no namespace {namespace}: kubectl create namespace {namespace}")
    if status == HTTPStatus.CONFLICT:
        return SyncError(f"{where} refused to {doing} (409): it changed since it was read; the next run tries again")
    then = exchange.caller.promise_retry(status)
    return SyncError(f"{where} refused to {doing} ({status}): {_name_reason(status, message)}{then}")


def _name_reason(status: int, message: str) -> str:
    """Who or what refused, and where to look; no word of the answer that somebody else composed."""
    for pattern, words in _REFUSED_BY:
        if found := pattern.match(message):
            return words.replace("{}", found[1])
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        return f"it is not a valid object; {_SEE_AUDIT_LOG}"
    return _SEE_AUDIT_LOG


def _explain_unauthorized(exchange: Exchange) -> str:
    admission = exchange.caller.format_admission(cluster=exchange.target.cluster, region=exchange.target.region)
    if admission:
        return f"{exchange.caller.name}: it has no access entry there. {admission}; or give --context NAME"
    if not exchange.caller.is_function:
        return f"{exchange.caller.name}: it has no access entry, or a token that has ended"
    who = f"the role {exchange.target.role.arn}" if exchange.target.role else exchange.caller.name
    return (
        f"{who}: its access entry is missing, or older than the role (then first aws eks delete-access-entry). "
        f"Run aws eks create-access-entry --cluster-name {exchange.target.cluster} --region {exchange.target.region} "
        f"--principal-arn ROLE --kubernetes-groups GROUP; argo-ecr-auth doctor {exchange.target.name} fills them in. "
        "A fixed endpoint may also be another cluster's"
    )
