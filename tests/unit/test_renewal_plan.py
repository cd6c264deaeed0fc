"""Whether a credential is fresh, is renewed or is repaired, and with which token."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo_ecr_auth.core.kinds import ARGO_CD_KEYS
from argo_ecr_auth.core.manifests import Payload, make_config_map_manifest, make_secret_manifest
from argo_ecr_auth.core.observed import ObservedState
from argo_ecr_auth.core.registry import Registry
from argo_ecr_auth.core.renewal_plan import Plan, choose_payload, make_plan
from argo_ecr_auth.core.targets import Credential
from tests.unit.builders import (
    EACH_KIND,
    HOST,
    KINDS,
    NOW,
    PASSWORD,
    REMOVED,
    b64,
    config_map_there,
    credential,
    edited,
    payload,
    secret_there,
    there,
    token,
    with_config_map,
    with_secret,
)

RENEW_BEFORE = timedelta(hours=6)
CHECK_EVERY = timedelta(minutes=7)
TARGET = "cluster-159172"
"""The jitter of this one is less than a second."""
FINGERPRINT = ("metadata", "annotations", "argo-ecr-auth/fingerprint")
SOURCE = ("metadata", "annotations", "argo-ecr-auth/token-source")
LIFETIME = ("metadata", "annotations", "argo-ecr-auth/lifetime-seconds")
SECRET_TYPE = ("metadata", "labels", "argocd.argoproj.io/secret-type")
MANAGED = ("metadata", "labels", "argo-ecr-auth")


def plan_for(
    observed: ObservedState,
    *,
    of: Credential | None = None,
    target: str = TARGET,
    renew_before: timedelta = RENEW_BEFORE,
    check_every: timedelta = CHECK_EVERY,
    rejection: str | None = None,
    force: bool = False,
) -> Plan:
    return make_plan(
        observed,
        target=target,
        credential=of or credential(),
        now=NOW,
        renew_before=renew_before,
        check_every=check_every,
        rejection=rejection,
        force=force,
    )


def choose(
    plan: Plan, *, of: Credential | None = None, new: bool = True, refused: Collection[Registry] = (), found: str = ""
) -> Payload | None:
    """What is written where each registry gives a `new` token, or none does."""
    of = of or credential()
    tokens = {registry: token(password="new") for registry in of.registries} if new else {}
    return choose_payload(plan, of, found=found, tokens=tokens, refused=frozenset(refused), now=NOW)


def _expiring(text: str) -> ObservedState:
    return with_config_map("data", "expireyTime", to=text)


@EACH_KIND
def test_a_credential_of_any_kind_is_fresh_as_it_was_written(of: Credential) -> None:
    assert plan_for(there(of=of), of=of) == Plan(
        action="fresh",
        reasons=(),
        needs_token=False,
        is_due=False,
        current=payload(of=of),
        kept=payload(of=of),
        may_put_back=False,
    )


MISSING = [
    (ObservedState(secret=None, config_map=None), "created", "there is no Secret and no ConfigMap"),
    (ObservedState(secret=None, config_map=config_map_there()), "repaired", "the Secret is missing"),
    (ObservedState(secret=secret_there(), config_map=None), "repaired", "the ConfigMap is missing"),
]


@pytest.mark.parametrize(("observed", "action", "reason"), MISSING)
def test_a_missing_object_is_written_with_a_new_token(observed: ObservedState, action: str, reason: str) -> None:
    plan = plan_for(observed)
    assert (plan.action, plan.reasons, plan.needs_token) == (action, (reason,), True)


# The token in the cluster is known to be good, and something beside it differs.
DRIFTED = [
    (with_secret(*SECRET_TYPE, to=REMOVED), "the Secret's label argocd.argoproj.io/secret-type is missing"),
    (with_secret(*SECRET_TYPE, to="repo-creds"), "the Secret's label argocd.argoproj.io/secret-type differs"),
    (with_secret("metadata", "labels", to=REMOVED), "the Secret's label argocd.argoproj.io/secret-type is missing"),
    (with_secret("metadata", "labels", to=None), "the Secret's label argocd.argoproj.io/secret-type is missing"),
    *(
        observed
        for key in ("url", "name", "type", "enableOCI", "username")
        for observed in (
            (with_secret("data", key, to=b64("other")), f"the Secret's data {key} differs"),
            (with_secret("data", key, to=REMOVED), f"the Secret's data {key} is missing"),
        )
    ),
    (with_secret("data", "url", to=b64(HOST + "\n")), "the Secret's data url differs"),
    (with_secret("data", "enableOCI", to=b64("false")), "the Secret's data enableOCI differs"),
    (with_secret("data", "url", to=None), "the Secret's data url is missing"),
    (with_config_map(*MANAGED, to=REMOVED), "the ConfigMap's label argo-ecr-auth is missing"),
    (with_config_map(*MANAGED, to=""), "the ConfigMap's label argo-ecr-auth differs"),
    (with_config_map("metadata", "labels", to=None), "the ConfigMap's label argo-ecr-auth is missing"),
    (with_config_map("data", "name", to="other"), "the ConfigMap's data name differs"),
    (with_config_map("data", "name", to=REMOVED), "the ConfigMap's data name is missing"),
    # The same moment in other words.
    (_expiring("2026-11-24T08:00:00+01:00"), "the ConfigMap's data expireyTime differs"),
]
NOT_AS_WRITTEN = "the password, its expireyTime, its lifetime or its token-source was changed after it was written"
NO_TIMESTAMP = "the ConfigMap's expireyTime is missing or not a valid timestamp"
NO_FINGERPRINT = "the ConfigMap has no fingerprint of the password: something else wrote one of the two"
# The ConfigMap does not vouch for the token in the cluster.
UNRECOGNIZED = [
    *(
        (with_secret("data", "password", to=value), NOT_AS_WRITTEN)
        for value in (b64("other"), b64(PASSWORD + "\n"), "", REMOVED, "x", b64(b"\xff\xfe"), None)
    ),
    *((with_secret("data", to=data), NOT_AS_WRITTEN) for data in (None, {}, REMOVED)),
    (with_config_map(*FINGERPRINT, to="sha256:0"), NOT_AS_WRITTEN),
    (with_config_map(*FINGERPRINT, to=""), NOT_AS_WRITTEN),
    (with_config_map(*SOURCE, to=REMOVED), NOT_AS_WRITTEN),
    *((with_config_map(*LIFETIME, to=to), NOT_AS_WRITTEN) for to in (REMOVED, "", "43201", "-1", "1e9", "9" * 5_000)),
    (with_config_map(*SOURCE, to="elsewhere"), NOT_AS_WRITTEN),
    (_expiring("2026-11-24T07:59:59Z"), NOT_AS_WRITTEN),
    (_expiring("2026-11-23T08:00:00Z"), NOT_AS_WRITTEN),
    (_expiring("9999-12-31T23:59:59Z"), NOT_AS_WRITTEN),
    (with_config_map(*FINGERPRINT, to=REMOVED), NO_FINGERPRINT),
    # As the original tool leaves it.
    *((with_config_map("metadata", "annotations", to=to), NO_FINGERPRINT) for to in (REMOVED, None, {})),
    *((with_config_map("data", to=data), NO_TIMESTAMP) for data in (None, {}, REMOVED)),
    (with_config_map("data", "expireyTime", to=REMOVED), NO_TIMESTAMP),
    (_expiring("soon"), NO_TIMESTAMP),
]


@pytest.mark.parametrize(("observed", "reason"), DRIFTED)
def test_drift_is_repaired_with_the_token_in_the_cluster(observed: ObservedState, reason: str) -> None:
    plan = plan_for(observed)
    assert (plan.action, plan.reasons, plan.needs_token) == ("repaired", (reason,), False)
    assert choose(plan, new=False) == payload()
    assert plan.expires_at == payload().expires_at


@pytest.mark.parametrize(("observed", "reason"), UNRECOGNIZED)
def test_a_token_that_its_config_map_does_not_vouch_for_is_replaced(observed: ObservedState, reason: str) -> None:
    plan = plan_for(observed)
    assert (plan.action, plan.reasons[0], plan.needs_token) == ("repaired", reason, True)
    assert (plan.current, plan.expires_at) == (None, None)


def test_nobody_who_lacks_the_password_can_move_the_expiry() -> None:
    """Whoever may write the ConfigMap, but not read the Secret, knows all but the password."""
    later = Payload(
        text="guessed",
        expires_at=NOW + timedelta(hours=12),
        lifetime=timedelta(hours=12),
        source=f"{HOST} as the function",
    )
    forged = edited(make_config_map_manifest(credential(), later), "metadata", "resourceVersion", to="1")
    assert plan_for(ObservedState(secret=secret_there(), config_map=forged)).needs_token


def test_a_config_map_of_an_earlier_token_does_not_vouch_for_the_present_one() -> None:
    """As a run leaves it that ended between its two writes, or a backup that somebody restored."""
    earlier = config_map_there(payload(password="earlier"))
    assert plan_for(ObservedState(secret=secret_there(), config_map=earlier)).reasons == (NOT_AS_WRITTEN,)


def test_several_differences_are_all_named() -> None:
    observed = replace(
        with_secret("data", "password", to=b64("other")), config_map=edited(config_map_there(), *MANAGED, to=REMOVED)
    )
    assert plan_for(observed).reasons == (NOT_AS_WRITTEN, "the ConfigMap's label argo-ecr-auth is missing")


@pytest.mark.parametrize(
    ("left", "reason"),
    [
        (timedelta(hours=5, minutes=59, seconds=59), "5h59m until the token expires, renewed below 6h00m"),
        (timedelta(seconds=1), "0h00m until the token expires, renewed below 6h00m"),
        (timedelta(), "the token has expired, renewed below 6h00m"),
        (timedelta(days=-400), "the token has expired, renewed below 6h00m"),
    ],
)
def test_a_token_with_less_than_that_left_is_renewed(left: timedelta, reason: str) -> None:
    plan = plan_for(there(payload(left=left)))
    assert (plan.action, plan.reasons, plan.needs_token) == ("renewed", (reason,), True)
    assert plan.expires_at == NOW + left


@pytest.mark.parametrize(
    "left",
    [RENEW_BEFORE + timedelta(seconds=1), timedelta(hours=12, minutes=5)],
    ids=["more than that", "a new token, by a clock that is a little behind"],
)
def test_a_token_with_more_than_that_left_is_fresh(left: timedelta) -> None:
    assert plan_for(there(payload(left=left))).action == "fresh"


def test_a_token_that_would_live_longer_than_tokens_do_is_replaced() -> None:
    """Written by a clock that was far ahead."""
    plan = plan_for(there(payload(left=timedelta(hours=12, minutes=5, seconds=1))))
    assert (plan.action, plan.needs_token) == ("repaired", True)
    assert plan.reasons == (
        "the ConfigMap's expireyTime is further in the future than any token is valid: the clocks differ",
    )


def test_a_requested_renewal_is_due_although_the_token_is_fresh() -> None:
    plan = plan_for(there(), force=True)
    assert (plan.action, plan.reasons, plan.needs_token) == ("renewed", ("a renewal was requested",), True)


def test_a_repair_while_a_renewal_is_due_takes_a_new_token() -> None:
    ending = payload(left=timedelta(hours=1))
    observed = ObservedState(
        secret=edited(secret_there(ending), *SECRET_TYPE, to=REMOVED), config_map=config_map_there(ending)
    )
    plan = plan_for(observed)
    assert (plan.action, plan.needs_token) == ("repaired", True)


@EACH_KIND
def test_a_credential_of_any_kind_is_renewed_when_it_is_due(of: Credential) -> None:
    plan = plan_for(there(payload(of=of, left=timedelta(hours=1)), of=of), of=of)
    assert (plan.action, plan.needs_token) == ("renewed", True)


@EACH_KIND
def test_a_credential_of_any_kind_is_repaired_with_its_good_token(of: Credential) -> None:
    plan = plan_for(with_config_map(*MANAGED, to=REMOVED, of=of), of=of)
    assert (plan.action, choose(plan, of=of, new=False)) == ("repaired", payload(of=of))


PULL_SECRET = KINDS["pull-secret"]


@pytest.mark.parametrize(
    "value", [b64('{"auths":{}}'), b64(payload(of=PULL_SECRET).text + "\n"), b64("no JSON"), "", REMOVED]
)
def test_a_pull_secret_that_is_not_as_it_was_written_is_replaced(value: Any) -> None:
    plan = plan_for(with_secret("data", ".dockerconfigjson", to=value, of=PULL_SECRET), of=PULL_SECRET)
    reason = "the .dockerconfigjson, its expireyTime, its lifetime or its token-source was changed after it was written"
    assert (plan.action, plan.reasons, plan.needs_token) == ("repaired", (reason,), True)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (SECRET_TYPE, "repository"),
        (("metadata", "labels"), None),
        (("data", "password"), b64("other")),
        *((("data", key), b64("true")) for key in ("proxy", "insecure", "url")),
    ],
)
def test_what_a_pull_secret_has_beside_ours_is_left_alone(path: tuple[str, ...], value: Any) -> None:
    plan = plan_for(with_secret(*path, to=value, of=PULL_SECRET), of=PULL_SECRET)
    assert (plan.action, plan.tampered) == ("fresh", False)


@pytest.mark.parametrize(
    "path",
    [
        ("metadata", "labels", "team"),
        ("metadata", "annotations", "team"),
        ("metadata", "annotations", "managed-by"),
        ("metadata", "annotations", "argo-ecr-auth/verified"),
        ("data", "team"),
    ],
    ids="/".join,
)
@pytest.mark.parametrize("change", [with_secret, with_config_map], ids=["Secret", "ConfigMap"])
def test_what_others_added_is_left_alone(change: Callable[..., ObservedState], path: tuple[str, ...]) -> None:
    assert plan_for(change(*path, to="ZmFsc2U=")).action == "fresh"


@pytest.mark.parametrize("key", sorted(ARGO_CD_KEYS - make_secret_manifest(credential(), payload())["data"].keys()))
def test_a_key_that_argo_cd_reads_and_the_settings_do_not_have_is_tampering(key: str) -> None:
    plan = plan_for(with_secret("data", key, to=b64("true")))
    assert (plan.action, plan.tampered, plan.needs_token) == ("repaired", True, False)
    assert plan.reasons == (f"somebody added {key} to the Secret, which tells Argo CD how to use the token",)


def test_a_name_that_the_settings_no_longer_have_is_no_tampering() -> None:
    plan = plan_for(there(), of=credential(name=None))
    assert (plan.reasons, plan.tampered) == (("the Secret's data name is no longer wanted",), False)


@given(st.datetimes(timezones=st.timezones() | st.just(UTC)))
def test_any_time_for_an_expiry_is_judged(moment: datetime) -> None:
    assert plan_for(_expiring(moment.isoformat())).action in {"fresh", "renewed", "repaired"}


@given(st.binary().map(b64) | st.text(st.characters(max_codepoint=127)))
def test_any_other_password_is_replaced(password: str) -> None:
    assert plan_for(with_secret("data", "password", to=password)).needs_token


@EACH_KIND
def test_a_plan_does_not_show_what_is_secret(of: Credential) -> None:
    shown = repr(plan_for(there(of=of), of=of))
    assert [text for text in (PASSWORD, b64(PASSWORD), b64(f"AWS:{PASSWORD}")) if text in shown] == []
