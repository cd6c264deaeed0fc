"""A run repairs what others have changed, with the token that is there or with a new one."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.local_cloud import ecr_token
from tests.local_cloud.cloud import LocalCloud
from tests.support.function import Function
from tests.support.objects import Objects

NOT_AS_WRITTEN = "the password, its expireyTime, its lifetime or its token-source is not as it was written"
Harm = Callable[[Objects], None]


def _expiry(text: str) -> Harm:
    return lambda objects: objects.patch("configmaps", {"data": {"expireyTime": text}})


def _secret_key(key: str, value: str) -> Harm:
    return lambda objects: objects.patch("secrets", {"data": {key: base64.b64encode(value.encode()).decode()}})


NEW_TOKEN: dict[str, tuple[Harm, str]] = {
    "the Secret is deleted": (lambda objects: objects.delete("secrets"), "the Secret is missing"),
    "the ConfigMap is deleted": (lambda objects: objects.delete("configmaps"), "the ConfigMap is missing"),
    "the password is overwritten": (
        _secret_key("password", "something else"),
        "the password, its expireyTime, its lifetime or its token-source is not as it was written",
    ),
    "the password gets a newline": (
        lambda objects: _secret_key("password", objects.password + "\n")(objects),
        "the password, its expireyTime, its lifetime or its token-source is not as it was written",
    ),
    "the expiry is in the past": (_expiry("2020-01-01T00:00:00Z"), NOT_AS_WRITTEN),
    "the expiry is near": (
        _expiry(f"{datetime.now(UTC) + timedelta(hours=5):%Y-%m-%dT%H:%M:%SZ}"),
        NOT_AS_WRITTEN,
    ),
    "the expiry is no time": (_expiry("tomorrow"), "is missing or not a valid timestamp"),
    "the expiry is years ahead": (_expiry("2099-01-01T00:00:00Z"), NOT_AS_WRITTEN),
    "the expiry is removed": (
        lambda objects: objects.patch("configmaps", {"data": {"expireyTime": None}}),
        "expireyTime is missing or not a valid timestamp",
    ),
    "the original tool wrote both": (
        lambda objects: objects.patch("configmaps", {"metadata": {"annotations": None}}),
        "has no fingerprint",
    ),
}
SAME_TOKEN: dict[str, tuple[Harm, str]] = {
    "the Secret's label is stripped": (
        lambda objects: objects.patch("secrets", {"metadata": {"labels": None}}),
        "the Secret's label argocd.argoproj.io/secret-type is missing",
    ),
    "the user interface resets enableOCI": (_secret_key("enableOCI", "false"), "the Secret's data enableOCI differs"),
    "the url is changed": (_secret_key("url", "https://example.org"), "the Secret's data url differs"),
    "the ConfigMap's label is changed": (
        lambda objects: objects.patch("configmaps", {"metadata": {"labels": {"argo-ecr-auth": "other"}}}),
        "the ConfigMap's label argo-ecr-auth differs",
    ),
    "the ConfigMap's name is removed": (
        lambda objects: objects.patch("configmaps", {"data": {"name": None}}),
        "the ConfigMap's data name is missing",
    ),
}


@pytest.mark.parametrize("harm", NEW_TOKEN)
def test_the_next_run_heals_with_a_new_token(harm: str, function: Function, objects: Objects) -> None:
    function.run()
    before = ecr_token.parse(objects.password)
    do, reason = NEW_TOKEN[harm]
    do(objects)

    result = function.result()

    assert result.action in {"repaired", "renewed"}
    assert reason in (result.reason or "")
    assert ecr_token.parse(objects.password).turn > before.turn
    assert function.result().action == "fresh"


@pytest.mark.parametrize("harm", SAME_TOKEN)
def test_the_next_run_heals_with_the_token_that_is_there(
    harm: str, function: Function, objects: Objects, local_cloud: LocalCloud
) -> None:
    function.run()
    before, requests = objects.password, len(local_cloud.requests())
    do, reason = SAME_TOKEN[harm]
    do(objects)

    result = function.result()

    assert (result.action, result.reason) == ("repaired", reason)
    assert objects.password == before
    assert local_cloud.requests()[requests:] == []
    assert function.result().action == "fresh"
