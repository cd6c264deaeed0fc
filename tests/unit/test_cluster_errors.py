"""What an API server's refusals mean: missing rights are told from a webhook's words, however long these are."""

from typing import Any

import pytest
from kubernetes.client.configuration import Configuration
from kubernetes.client.rest import RESTClientObject

from argo_ecr_auth.clients.api_client import Connection
from argo_ecr_auth.clients.cluster_errors import explain_refusal, is_not_found
from argo_ecr_auth.core.caller import FUNCTION, OPERATOR, Caller
from tests.unit.builders import PASSWORD

NO_RIGHT = 'secrets "ecr-auth" is forbidden: User "arn:aws:sts::1:x" cannot get resource "secrets" in API group ""'
WEBHOOK = 'admission webhook "policy.example" denied the request: '
ROLE_ADVICE = "kubectl apply -f cdk.out/rbac/demo.rbac.yaml"


def _explain(status: int, message: Any, *, caller: Caller = FUNCTION, secrets: list[bytes] | None = None) -> str:
    connection = Connection(
        target="demo",
        cluster="demo",
        region="eu-west-1",
        api=RESTClientObject(Configuration(host="https://127.0.0.1")),
        bearer="",
        caller=caller,
    )
    body = {"message": message}
    return str(explain_refusal(connection, status, body, doing="get it", namespace="argocd", secrets=secrets))


@pytest.mark.parametrize("message", [NO_RIGHT, NO_RIGHT.replace(' "ecr-auth"', ""), NO_RIGHT + "x" * 10_000])
def test_a_missing_right_of_the_function_is_answered_with_its_role(message: str) -> None:
    assert ROLE_ADVICE in _explain(403, message)


def test_a_missing_right_of_the_operator_is_their_own() -> None:
    said = _explain(403, NO_RIGHT, caller=OPERATOR)
    assert said.startswith("demo's API server does not let your identity get it")
    assert ROLE_ADVICE not in said


@pytest.mark.parametrize(
    "message",
    [
        WEBHOOK + NO_RIGHT,
        WEBHOOK + 'is forbidden: User "' * 200_000,
        'is forbidden: User "' * 200_000 + '" cannot get resource "',
        'a "' * 200_000,
        "a." * 200_000,
    ],
    ids=["quoted", "repeated", "completed", "quotes", "dots"],
)
def test_a_webhooks_words_are_not_taken_for_a_missing_right(message: str) -> None:
    said = _explain(403, message)
    assert ROLE_ADVICE not in said
    assert len(said) < 450


@pytest.mark.parametrize("message", [None, 5, [], {"a": 1}])
def test_an_odd_message_is_told(message: Any) -> None:
    assert _explain(500, message).startswith("demo's API server refused to get it (500): ")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_pass_is_told_as_that(status: int) -> None:
    assert _explain(status, "no") == f"demo's API server refused to get it ({status}): no; the next run tries again"


@pytest.mark.parametrize("form", [PASSWORD, PASSWORD.encode().hex(), PASSWORD.upper()], ids=["text", "hex", "upper"])
def test_words_that_hold_something_of_the_secret_are_not_repeated(form: str) -> None:
    said = _explain(400, f"{WEBHOOK}{form} is weak", secrets=[PASSWORD.encode()])
    assert form not in said
    assert 'admission webhook "policy.example" denied the request, for a reason that holds' in said


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"kind": "Status", "reason": "NotFound"}, True),
        ({"kind": "Status", "reason": "Forbidden"}, False),
        ({"reason": "NotFound"}, False),
        ({}, False),
    ],
)
def test_only_the_api_servers_own_not_found_counts(body: dict[str, Any], expected: bool) -> None:
    assert is_not_found(body) is expected
