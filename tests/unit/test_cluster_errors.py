"""What an API server's refusals mean: missing permissions are told from a webhook's words, however long these are."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo_ecr_auth.api_server.answers import is_not_found, make_refusal_error
from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.core.messages import explain
from argo_ecr_auth_cli.messages import OPERATOR
from tests.unit.builders import PASSWORD, target

NO_RIGHT = 'secrets "ecr-auth" is forbidden: User "arn:aws:sts::1:x" cannot get resource "secrets" in API group ""'
WEBHOOK = 'admission webhook "policy.example" denied the request: '
ROLE_ADVICE = "kubectl apply -f cdk.out/rbac/demo.rbac.yaml, or dist/rbac/demo.rbac.yaml of a package"


def _explain(status: int, message: Any, *, explain: Callable[[SyncError], str] = explain) -> str:
    body = {"message": message}
    return explain(make_refusal_error(status, body, target=target(), doing="get it", namespace="argocd"))


@pytest.mark.parametrize("message", [NO_RIGHT, NO_RIGHT.replace(' "ecr-auth"', ""), NO_RIGHT + "x" * 10_000])
def test_a_missing_right_of_the_function_is_answered_with_its_role(message: str) -> None:
    assert ROLE_ADVICE in _explain(403, message)


def test_a_missing_right_of_the_operator_is_their_own() -> None:
    said = _explain(403, NO_RIGHT, explain=OPERATOR.explain)
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


@pytest.mark.parametrize(
    ("status", "message"),
    [(429, "no"), (503, "no"), (500, "no"), (500, None), (500, 5), (500, []), (500, {"a": 1})],
)
def test_what_may_pass_is_told_as_that_whatever_the_message(status: int, message: Any) -> None:
    assert _explain(status, message) == (
        f"demo's API server refused to get it ({status}): the API server's audit log says why; the next run tries again"
    )


REFUSALS = {
    "a webhook that fails": (
        500,
        'Internal error occurred: failed calling webhook "policy.example": failed to call webhook: {}',
        (
            "the admission webhook policy.example did not answer as it should: its own log says why; the next run "
            "tries again"
        ),
    ),
    "a namespace that ends": (
        403,
        (
            'secrets "ecr-auth" is forbidden: unable to create new content in namespace argocd because it is being '
            "terminated{}"
        ),
        "the namespace argocd is being deleted",
    ),
    "a validation": (
        422,
        'Secret "ecr-auth" is invalid: metadata.annotations: Invalid value: "{}"',
        "it is not a valid object; the API server's audit log says why",
    ),
    "a 500 that echoes the request": (
        500,
        "Authorization: Bearer {}",
        "the API server's audit log says why; the next run tries again",
    ),
}


@pytest.mark.parametrize(("status", "message", "said"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_names_who_refused_and_none_of_their_words(status: int, message: str, said: str) -> None:
    assert _explain(status, message.format(PASSWORD)) == f"demo's API server refused to get it ({status}): {said}"


@given(words=st.text(), start=st.sampled_from(["", WEBHOOK, "secrets "]))
def test_whatever_words_come_with_a_refusal_none_are_repeated(words: str, start: str) -> None:
    said = _explain(400, f"{start}{PASSWORD}{words}{PASSWORD}")
    assert PASSWORD not in said


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
