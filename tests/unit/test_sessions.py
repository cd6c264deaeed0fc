"""What AWS refused, for a person; the sessions' own calls are tried against a cloud."""

import tracemalloc
import weakref
from typing import Any

import botocore.loaders
import botocore.session
import pytest
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, NoCredentialsError, SSLError

from argo_ecr_auth.aws.sessions import Sessions, make_aws_error
from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.core.messages import explain
from argo_ecr_auth.core.targets import Role


def _said(error: ClientError | BotoCoreError, **given: Any) -> str:
    return explain(make_aws_error(error, doing="X", **given))


def _client_error(answer: Any) -> ClientError:
    return ClientError(answer, "GetAuthorizationToken")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"Error": {"Code": "AccessDenied", "Message": "not you"}}, "cannot X: AccessDenied: not you"),
        ({"Error": {"Code": "AccessDenied", "Message": "not you\nplanted"}}, "cannot X: AccessDenied: not you"),
        ({"Error": {"Code": "AccessDenied", "Message": "\n\nnot you\n\nplanted"}}, "cannot X: AccessDenied: not you"),
        ({"Error": {"Code": "AccessDenied", "Message": ""}}, "cannot X: AccessDenied"),
        ({"Error": {"Code": "AccessDenied"}}, "cannot X: AccessDenied"),
        ({"Error": {"Code": "AccessDenied", "Message": None}}, "cannot X: AccessDenied"),
        ({"Error": {"Code": "AccessDenied", "Message": {"a": 1}}}, "cannot X: AccessDenied: {'a': 1}"),
        ({"Error": {"Message": "not you"}}, "cannot X: unknown: not you"),
        ({"Error": {}}, "cannot X: unknown"),
        ({}, "cannot X: unknown"),
    ],
)
def test_a_refusal_is_the_code_and_the_first_line(answer: Any, said: str) -> None:
    assert _said(_client_error(answer)) == said


AGAIN = "; the next run tries again"
ROLE = Role(arn="arn:aws:iam::123456789012:role/reader", external_id="x1")


@pytest.mark.parametrize(
    ("words", "status", "given", "then"),
    [
        ("AccessDenied: not you", 400, {"permission": "s:Do"}, "; the function's role needs s:Do"),
        ("ThrottlingException: slow down", 400, {"permission": "s:Do"}, AGAIN),
        ("Throttling: slow down", 400, {"role": ROLE}, AGAIN),
        ("Odd", 500, {}, AGAIN),
        ("Odd", 429, {}, AGAIN),
        ("Odd", 400, {}, ""),
    ],
    ids=["a missing right", "no refusal", "no refusal of a role", "500", "429", "400"],
)
def test_a_refusal_is_followed_by_what_to_do(words: str, status: int, given: dict[str, Any], then: str) -> None:
    code, _, message = words.partition(": ")
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    assert _said(_client_error(answer), **given) == f"cannot X: {words}{then}"


def test_a_certificate_that_is_not_trusted_points_at_a_proxy() -> None:
    said = _said(SSLError(endpoint_url="https://planted.example", error=OSError("planted")))
    assert said.endswith("the certificate is signed by an untrusted CA; look for an intercepting proxy")
    assert "planted" not in said


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (500, "InternalFailure", "no upstream for the request planted"),
        (403, "AccessDenied", "blocked: Authorization: AWS4-HMAC-SHA256 planted"),
        (400, "IncompleteSignature", "not a key=value pair in Authorization header: 'planted'"),
        (403, "Forbidden", '{"headers": {"X-Amz-Security-Token": "planted"}}'),
        (500, "Authorization: planted", ""),
    ],
)
def test_an_answer_that_repeats_the_request_is_not_quoted(status: int, code: str, message: str) -> None:
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    assert "planted" not in _said(ClientError(response, "op"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (EndpointConnectionError(endpoint_url="https://planted.example"), "EndpointConnectionError"),
        (NoCredentialsError(), "NoCredentialsError"),
    ],
)
def test_an_error_of_botocores_own_is_told_by_its_kind_alone(error: BotoCoreError, kind: str) -> None:
    assert _said(error) == f"cannot X: {kind}, no response, or none that can be read"


def test_half_a_pair_of_keys_is_told_as_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    with pytest.raises(SyncError, match="cannot find credentials: PartialCredentialsError"):
        Sessions(region="eu-west-1").credentials()


def test_the_clients_of_many_roles_share_the_services_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model takes megabytes, and a fleet may have a role in each of a hundred accounts."""
    monkeypatch.setattr(botocore.session, "create_loader", botocore.loaders.create_loader)  # the tests share another
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted-secret-key")
    sessions = Sessions(region="eu-west-1")
    roles = [Role(arn=f"arn:aws:iam::{number:012}:role/reader") for number in range(1, 6)]
    sessions.as_role(roles[0]).client("eks", region="eu-west-1")
    tracemalloc.start()
    try:
        for role in roles[1:]:
            sessions.as_role(role).client("eks", region="eu-west-1")
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken < 4_000_000


def test_only_the_roles_that_were_used_last_are_kept() -> None:
    sessions = Sessions(region="eu-west-1")
    roles = [Role(arn=f"arn:aws:iam::{number:012}:role/reader") for number in range(400)]
    first, last = sessions.as_role(roles[0]), sessions.as_role(roles[-1])
    for role in roles[1:-1]:
        sessions.as_role(role)
        assert sessions.as_role(roles[-1]) is last
    gone = weakref.ref(first)
    del first
    assert gone() is None
