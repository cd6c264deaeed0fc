"""Authorization tokens of ECR and ECR Public that name their caller, account and region, and count up."""

import itertools
import json
import time
from typing import Any

from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id, get_region, json_response
from ministack.core.router import extract_access_key_id
from ministack.services import ecr

from tests.local_cloud.ecr_token import EcrToken

Response = tuple[int, dict[str, str], bytes]

LIFETIME_SECONDS = 12 * 3600
_PUBLIC = "ecr-public"
_PUBLIC_TARGET = "SpencerFrontendService.GetAuthorizationToken"
_turns = itertools.count(1)


def install() -> None:
    ecr._get_authorization_token = _answer  # noqa: SLF001


def _answer(_request: dict[str, Any]) -> Response:
    proxy = f"https://{get_account_id()}.dkr.ecr.{get_region()}.amazonaws.com"
    response: Response = json_response({"authorizationData": [{**_make_authorization("ecr"), "proxyEndpoint": proxy}]})
    return response


def is_public(headers: dict[str, str]) -> bool:
    """Whether a request asks ECR Public for a token. ministack does not know that service."""
    return headers.get("x-amz-target") == _PUBLIC_TARGET


def answer_public(headers: dict[str, str], query: dict[str, Any], request_id: str) -> Response:
    iam_evaluator.pin_request_caller(headers, query)
    key = extract_access_key_id(headers, query)
    for action in ("ecr-public:GetAuthorizationToken", "sts:GetServiceBearerToken"):
        denied = iam_evaluator.enforce(
            key, action, _PUBLIC, get_region(), service_context={"sts:AWSServiceName": f"{_PUBLIC}.amazonaws.com"}
        )
        if isinstance(denied, iam_evaluator.AuthError):
            failure: Response = app._credential_failure(_PUBLIC, action, request_id, denied, headers)  # noqa: SLF001
            return failure
        if denied:
            refusal: Response = iam_actions.access_denied_response(
                _PUBLIC, action, denied.principal_arn, request_id, headers=headers
            )
            return refusal
    body = json.dumps({"authorizationData": _make_authorization(_PUBLIC)}).encode()
    return 200, {"Content-Type": "application/x-amz-json-1.1"}, body


def _make_authorization(service: str) -> dict[str, Any]:
    token = EcrToken(
        service=service,
        caller=iam_evaluator.caller_arn(),
        account=get_account_id(),
        region=get_region(),
        turn=next(_turns),
    )
    return {
        "authorizationToken": token.authorization_token,
        "expiresAt": int(time.time()) + LIFETIME_SECONDS,
    }
