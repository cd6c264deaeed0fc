"""A run repairs what others have changed, with the token that is there or with a new one."""

from collections.abc import Callable

import pytest

from tests.local_cloud import ecr_token
from tests.local_cloud.cloud import LocalCloud
from tests.support.function import Function
from tests.support.objects import Objects, encode_base64

Harm = Callable[[Objects], None]

# What somebody does, and the reason of the next run; more of it in the unit tests of the renewal plan.
NEW_TOKEN: dict[str, tuple[Harm, str]] = {
    "the Secret is deleted": (lambda objects: objects.delete("secrets"), "the Secret is missing"),
    "the ConfigMap is deleted": (lambda objects: objects.delete("configmaps"), "the ConfigMap is missing"),
    "the expiry is removed": (
        lambda objects: objects.patch("configmaps", {"data": {"expireyTime": None}}),
        "expireyTime is missing or not a valid timestamp",
    ),
}


@pytest.mark.parametrize(("harm", "reason"), NEW_TOKEN.values(), ids=NEW_TOKEN)
def test_the_next_run_heals_with_a_new_token(harm: Harm, reason: str, function: Function, objects: Objects) -> None:
    function.run()
    before = ecr_token.parse(objects.password)
    harm(objects)

    result = function.result()

    assert result.action in {"repaired", "renewed"}
    assert reason in (result.reason or "")
    assert ecr_token.parse(objects.password).turn > before.turn
    assert function.result().action == "fresh"


def test_the_next_run_heals_with_the_token_that_is_there(
    function: Function, objects: Objects, local_cloud: LocalCloud
) -> None:
    """The user interface of Argo CD resets enableOCI."""
    function.run()
    before, requests = objects.password, len(local_cloud.requests())
    objects.patch("secrets", {"metadata": {"labels": None}, "data": {"enableOCI": encode_base64("false")}})

    result = function.result()

    assert result.action == "repaired"
    assert "the Secret's label argocd.argoproj.io/secret-type is missing" in str(result.reason)
    assert "the Secret's data enableOCI differs" in str(result.reason)
    assert objects.password == before
    assert local_cloud.requests()[requests:] == []
    assert function.result().action == "fresh"
