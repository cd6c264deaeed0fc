"""What a run says of each credential, and in numbers."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from argo_ecr_auth.core.diff import Change
from argo_ecr_auth.core.results import Result, metric_values, new_result
from tests.unit.builders import HOST, NOW, credential, target

RESULT: dict[str, Any] = {
    "target": "demo",
    "secret": "argocd/ecr-auth",
    "registry": HOST,
    "action": "failed",
    "reason": "why so",
    "expires_at": "2026-11-23T20:00:00Z",
    "seconds_to_expiry": 0,
    "verified": False,
    "error": "what",
    "error_type": "SyncError",
}
ACTIONS = ["fresh", "created", "renewed", "repaired", "failed"]


def _result(action: str = "fresh", *, left: timedelta | None = timedelta(hours=11), dry_run: bool = False) -> Result:
    return replace(
        new_result(target(), credential(), dry_run=dry_run),
        action=action,
        expires_at=None if left is None else NOW + left,
        seconds_to_expiry=None if left is None else int(left.total_seconds()),
        error="why" if action == "failed" else None,
    )


def test_a_result_says_everything_of_its_credential() -> None:
    assert list(Result(**RESULT | {"expires_at": NOW}).as_dict().items()) == list(RESULT.items())


def test_nothing_done_yet_is_a_failure_of_which_nothing_is_known() -> None:
    assert new_result(target(), credential(namespace="own", secret_name="other")) == Result(
        target="demo", secret="own/other", registry=HOST, action="failed"
    )


CHANGES = (
    Change(kind="Secret", part="data", key="url", actual=None, desired=HOST),
    Change(kind="ConfigMap", part="label", key="argo-ecr-auth", actual="other", desired="managed-resource"),
)


def test_a_dry_run_says_so_beside_the_rest_with_what_would_be_changed() -> None:
    dry = replace(_result("repaired", dry_run=True), changes=CHANGES)
    assert dry.as_dict() == _result("repaired").as_dict() | {
        "dry_run": True,
        "changes": [
            {"object": "Secret", "key": "data url", "actual": None, "desired": HOST},
            {"object": "ConfigMap", "key": "label argo-ecr-auth", "actual": "other", "desired": "managed-resource"},
        ],
    }


def _figures(*, completed: int = 1, failures: int = 0, renewed: int = 0, repaired: int = 0) -> dict[str, int]:
    return {"ChecksCompleted": completed, "Failures": failures, "Renewed": renewed, "Repaired": repaired}


@pytest.mark.parametrize(
    ("actions", "dry_run", "figures"),
    [
        (["fresh"], False, _figures()),
        (["created"], False, _figures(renewed=1)),
        (["renewed"], False, _figures(renewed=1)),
        (["repaired"], False, _figures(repaired=1)),
        (["failed"], False, _figures(completed=0, failures=1)),
        (ACTIONS, False, _figures(completed=4, failures=1, renewed=2, repaired=1)),
        (["created"], True, _figures()),
        (["renewed"], True, _figures()),
        (["repaired"], True, _figures()),
        (["failed"], True, _figures(completed=0, failures=1)),
    ],
)
def test_a_runs_figures_are_the_sum_of_its_actions_and_a_dry_run_writes_nothing(
    actions: list[str], dry_run: bool, figures: dict[str, int]
) -> None:
    assert metric_values(tuple(_result(action, left=None, dry_run=dry_run) for action in actions)) == figures


@pytest.mark.parametrize(
    ("hours", "seconds"),
    [((2, -1, None), -3600), ((0,), 0), ((None,), None)],
    ids=["the least", "right now", "unknown"],
)
def test_the_figure_of_the_expiry_is_the_least_that_is_known(
    hours: tuple[int | None, ...], seconds: int | None
) -> None:
    lefts = [None if number is None else timedelta(hours=number) for number in hours]
    assert metric_values(tuple(_result(left=left) for left in lefts)).get("SecondsToExpiry") == seconds
