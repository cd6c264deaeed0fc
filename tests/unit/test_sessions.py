"""What AWS refused, for a person; the sessions' own calls are tried against a cloud."""

from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, NoCredentialsError

from argo_ecr_auth.sessions import aws_error


def _said(error: ClientError | BotoCoreError, **given: str) -> str:
    return str(aws_error(error, asked="X", **given))


def _client_error(answer: Any) -> ClientError:
    return ClientError(answer, "GetAuthorizationToken")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"Error": {"Code": "AccessDenied", "Message": "not you"}}, "asked X: AccessDenied: not you"),
        ({"Error": {"Code": "AccessDenied", "Message": "not you\nplanted"}}, "asked X: AccessDenied: not you"),
        ({"Error": {"Code": "AccessDenied", "Message": "\n\nnot you\n\nplanted"}}, "asked X: AccessDenied: not you"),
        ({"Error": {"Code": "AccessDenied", "Message": ""}}, "asked X: AccessDenied"),
        ({"Error": {"Code": "AccessDenied"}}, "asked X: AccessDenied"),
        ({"Error": {"Message": "not you"}}, "asked X: unknown: not you"),
        ({"Error": {}}, "asked X: unknown"),
        ({}, "asked X: unknown"),
    ],
)
def test_a_refusal_is_the_code_and_the_first_line(answer: Any, said: str) -> None:
    assert _said(_client_error(answer)) == said


def test_a_remedy_follows() -> None:
    answer = {"Error": {"Code": "AccessDenied", "Message": "not you"}}
    assert _said(_client_error(answer), remedy="do this") == "asked X: AccessDenied: not you; do this"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (EndpointConnectionError(endpoint_url="https://planted.example"), "EndpointConnectionError"),
        (NoCredentialsError(), "NoCredentialsError"),
    ],
)
def test_an_error_of_botocores_own_is_told_by_its_kind_alone(error: BotoCoreError, kind: str) -> None:
    assert _said(error) == f"asked X: {kind}: no answer, or none that can be read"
