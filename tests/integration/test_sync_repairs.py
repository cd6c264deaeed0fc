"""A run repairs what others have changed, with the token that is there or with a new one."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.local_cloud import ecr_token
from tests.local_cloud.cloud import LocalCloud
from tests.support.function import Function
from tests.support.objects import Objects, encode_base64

NOT_AS_WRITTEN = "the password, its expireyTime, its lifetime or its token-source is not as it was written"
Harm = Callable[[Objects], None]


def _config_map(change: dict[str, Any]) -> Harm:
    return lambda objects: objects.patch("configmaps", change)


def _secret_key(key: str, value: str) -> Harm:
    return lambda objects: objects.patch("secrets", {"data": {key: encode_base64(value)}})


# What somebody does, and the reason of the next run; more of it in the unit tests of the renewal plan.
NEW_TOKEN: dict[str, tuple[Harm, str]] = {
    "the Secret is deleted": (lambda objects: objects.delete("secrets"), "the Secret is missing"),
    "the ConfigMap is deleted": (lambda objects: objects.delete("configmaps"), "the ConfigMap is missing"),
    "the password is overwritten": (_secret_key("password", "something else"), NOT_AS_WRITTEN),
    "the expiry is moved": (_config_map({"data": {"expireyTime": "2099-01-01T00:00:00Z"}}), NOT_AS_WRITTEN),
    "the expiry is removed": (
        _config_map({"data": {"expireyTime": None}}),
        "expireyTime is missing or not a valid timestamp",
    ),
    "the original tool wrote both": (_config_map({"metadata": {"annotations": None}}), "has no fingerprint"),
}
SAME_TOKEN: dict[str, tuple[Harm, str]] = {
    "the Secret's label is stripped": (
        lambda objects: objects.patch("secrets", {"metadata": {"labels": None}}),
        "the Secret's label argocd.argoproj.io/secret-type is missing",
    ),
    "the user interface resets enableOCI": (_secret_key("enableOCI", "false"), "the Secret's data enableOCI differs"),
    "the ConfigMap's label is changed": (
        _config_map({"metadata": {"labels": {"argo-ecr-auth": "other"}}}),
        "the ConfigMap's label argo-ecr-auth differs",
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


@pytest.mark.parametrize(("harm", "reason"), SAME_TOKEN.values(), ids=SAME_TOKEN)
def test_the_next_run_heals_with_the_token_that_is_there(
    harm: Harm, reason: str, function: Function, objects: Objects, local_cloud: LocalCloud
) -> None:
    function.run()
    before, requests = objects.password, len(local_cloud.requests())
    harm(objects)

    result = function.result()

    assert (result.action, result.reason) == ("repaired", reason)
    assert objects.password == before
    assert local_cloud.requests()[requests:] == []
    assert function.result().action == "fresh"
