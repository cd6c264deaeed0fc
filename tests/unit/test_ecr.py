"""Asking ECR for a token: what it answers, and each way in which that can be wrong."""

import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber

from argo_ecr_auth.aws.ecr import fetch_authorization_token
from argo_ecr_auth.core.authorization_token import AuthorizationToken
from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.core.messages import explain
from argo_ecr_auth.core.registry import TokenApi
from argo_ecr_auth.core.targets import Role
from tests.unit.aws_clients import StubbedPrincipal, make_stub, offline_client
from tests.unit.builders import NOW, PASSWORD, b64

CLIENT = offline_client("ecr")
API = TokenApi(service="ecr", region="eu-west-1")
PUBLIC_CLIENT = offline_client("ecr-public")
PUBLIC_API = TokenApi(service="ecr-public", region="us-east-1")
ROLE = Role(arn="arn:aws:iam::123456789012:role/reader", external_id="who")
ASKED = "cannot get an authorization token from ECR in eu-west-1"


@pytest.fixture
def ecr() -> Iterator[Stubber]:
    yield from make_stub(CLIENT)


def _token() -> AuthorizationToken:
    return fetch_authorization_token(StubbedPrincipal(CLIENT), api=API)


def _failure() -> SyncError:
    with pytest.raises(SyncError) as failed:
        _token()
    return failed.value


def test_the_token_is_what_ecr_answers(ecr: Stubber) -> None:
    answer = {"authorizationToken": b64(f"AWS:{PASSWORD}"), "expiresAt": NOW, "proxyEndpoint": "https://other.example"}
    ecr.add_response("get_authorization_token", {"authorizationData": [answer]}, {})
    assert _token() == AuthorizationToken(password=PASSWORD, expires_at=NOW)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({}, "the response contains none"),
        ({"authorizationData": []}, "the response contains none"),
        ({"authorizationData": [{}]}, "the response contains none"),
        ({"authorizationData": [{"authorizationToken": b64("AWS:x")}]}, "the response contains none"),
        ({"authorizationData": [{"expiresAt": NOW}]}, "the response contains none"),
        (
            {"authorizationData": [{"authorizationToken": f"{PASSWORD}!", "expiresAt": NOW}]},
            "ECR's authorization token is not base64 of text",
        ),
        (
            {"authorizationData": [{"authorizationToken": b64(PASSWORD), "expiresAt": NOW}]},
            "ECR's authorization token is not of the form AWS:PASSWORD",
        ),
    ],
)
def test_a_malformed_answer_is_refused_in_a_few_words(ecr: Stubber, answer: dict[str, Any], said: str) -> None:
    ecr.add_response("get_authorization_token", answer)
    failure = _failure()
    assert str(failure) == f"{ASKED}: {said}"
    shown = "".join(traceback.format_exception(failure))
    assert [text for text in (PASSWORD, b64(PASSWORD)) if text in shown] == []


def test_a_refusal_is_in_ecrs_words_with_the_right_that_is_needed(ecr: Stubber) -> None:
    ecr.add_client_error("get_authorization_token", "AccessDeniedException", "User: x is not authorized", 400)
    assert explain(_failure()) == (
        f"{ASKED}: AccessDeniedException: User: x is not authorized; "
        "the function's role needs ecr:GetAuthorizationToken on *"
    )


def test_a_refused_signature_does_not_bring_the_request_with_it(ecr: Stubber) -> None:
    ecr.add_client_error(
        "get_authorization_token",
        "InvalidSignatureException",
        "The signature does not match.\n\nThe Canonical String should have been\nx-amz-security-token:planted",
    )
    assert "planted" not in "".join(traceback.format_exception(_failure()))


def test_a_refusal_of_an_assumed_role_names_that_role(ecr: Stubber) -> None:
    ecr.add_client_error("get_authorization_token", "AccessDeniedException", "not you", 400)
    with pytest.raises(SyncError) as refused:
        fetch_authorization_token(StubbedPrincipal(CLIENT, role=ROLE), api=API)
    assert explain(refused.value).endswith(f"the role {ROLE.arn} needs ecr:GetAuthorizationToken on *")


# ECR Public


@pytest.fixture
def ecr_public() -> Iterator[Stubber]:
    yield from make_stub(PUBLIC_CLIENT)


def _public_failure() -> str:
    with pytest.raises(SyncError) as failed:
        fetch_authorization_token(StubbedPrincipal(PUBLIC_CLIENT), api=PUBLIC_API)
    return explain(failed.value)


def test_ecr_public_answers_one_object(ecr_public: Stubber) -> None:
    answer = {"authorizationToken": b64(f"AWS:{PASSWORD}"), "expiresAt": NOW}
    ecr_public.add_response("get_authorization_token", {"authorizationData": answer}, {})
    given = fetch_authorization_token(StubbedPrincipal(PUBLIC_CLIENT), api=PUBLIC_API)
    assert given == AuthorizationToken(password=PASSWORD, expires_at=NOW)


@pytest.mark.parametrize("answer", [{}, {"authorizationData": {}}, {"authorizationData": {"expiresAt": NOW}}])
def test_a_malformed_answer_of_ecr_public_is_told_as_its_own(ecr_public: Stubber, answer: dict[str, Any]) -> None:
    ecr_public.add_response("get_authorization_token", answer)
    assert (
        _public_failure()
        == "cannot get an authorization token from ECR Public in us-east-1: the response contains none"
    )


def test_a_refusal_of_ecr_public_names_both_rights_that_it_needs(ecr_public: Stubber) -> None:
    ecr_public.add_client_error("get_authorization_token", "AccessDeniedException", "not you", 400)
    permissions = "ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken on *"
    assert _public_failure().endswith(f"not you; the function's role needs {permissions}")
