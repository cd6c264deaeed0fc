"""Which token is written where a new one is refused, or none is to be had."""

from datetime import timedelta
from typing import Any

import pytest

from argo_ecr_auth.core.authorization_token import TOKEN_LIFETIME, AuthorizationToken
from argo_ecr_auth.core.manifests import Payload, read_tokens
from argo_ecr_auth.core.observed import ObservedState
from argo_ecr_auth.core.renewal_plan import choose_payload, make_plan
from tests.unit.builders import (
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
)
from tests.unit.test_renewal_plan import (
    MANAGED,
    RENEW_BEFORE,
    SECRET_TYPE,
    TARGET,
    choose,
    plan_for,
    with_config_map,
    with_secret,
)

MARK = ("metadata", "annotations", "argo-ecr-auth/verified")
ACCEPTED = payload(password="new", lifetime=timedelta(hours=11))
REFUSED = payload(password="new", lifetime=timedelta(hours=11), refused=True)
ENDING = payload(left=timedelta(hours=1))
ENDED = payload(left=timedelta(seconds=-1))
MARKED = payload(refused=True)
MARKED_ENDING = payload(refused=True, left=timedelta(hours=1))
(REGISTRY,) = credential().registries

NO_TOKEN_IS_VALID = {
    "nothing is there": ObservedState(secret=None, config_map=None),
    "the ConfigMap is missing": ObservedState(secret=secret_there(), config_map=None),
    "the token has expired": there(ENDED),
    "something else wrote the password": with_secret("data", "password", to=b64("other")),
    "the original tool wrote it": with_config_map("metadata", "annotations", to=None),
    "somebody moved the expiry": with_config_map("data", "expireyTime", to="2026-11-24T08:00:00Z"),
}


@pytest.mark.parametrize("observed", NO_TOKEN_IS_VALID.values(), ids=NO_TOKEN_IS_VALID)
def test_a_refused_token_is_written_where_no_token_is_valid(observed: ObservedState) -> None:
    assert choose(plan_for(observed), refused=[REGISTRY]) == REFUSED


@pytest.mark.parametrize("written", [ENDING, payload()], ids=["due", "a renewal was requested"])
def test_a_refused_token_does_not_replace_one_that_is_valid(written: Any) -> None:
    assert choose(plan_for(there(written), force=True), refused=[REGISTRY]) is None


def test_a_refused_token_does_not_replace_one_of_another_source_that_is_valid() -> None:
    plan = plan_for(there(of=credential(role_id="AROABEFORE")), of=credential(role_id="AROANOW"))
    assert (plan.needs_token, choose(plan, refused=[REGISTRY])) == (True, None)


def test_an_accepted_token_replaces_whatever_is_there() -> None:
    chosen = [
        choose(plan_for(there(written), force=True)) for written in (payload(), ENDING, ENDED, MARKED, MARKED_ENDING)
    ]
    assert chosen == [ACCEPTED] * 5


def test_a_marked_token_is_a_reason_for_a_new_one_at_each_run() -> None:
    plan = plan_for(there(MARKED))
    assert (plan.action, plan.needs_token) == ("repaired", True)
    assert plan.reasons == ("a registry refused the token when it was written",)


def test_the_expiry_of_a_marked_token_counts_for_nothing() -> None:
    assert plan_for(there(MARKED)).expires_at is None


def test_a_marked_token_that_is_valid_is_not_written_again_at_each_run() -> None:
    assert choose(plan_for(there(MARKED)), refused=[REGISTRY]) is None


@pytest.mark.parametrize("refused", [False, True], ids=["accepted when it was written", "marked"])
@pytest.mark.parametrize(("minutes", "replaced"), [(11, True), (12, True), (13, False)])
def test_a_token_that_expires_before_the_next_check_is_replaced(*, refused: bool, minutes: int, replaced: bool) -> None:
    """A check may be five minutes late."""
    plan = plan_for(there(payload(refused=refused, left=timedelta(minutes=minutes))))
    assert choose(plan, refused=[REGISTRY]) == (REFUSED if replaced else None)


def test_a_rejected_token_is_due_and_any_new_one_replaces_it() -> None:
    plan = plan_for(there(), rejection="the registry answered 401")
    assert (plan.action, plan.needs_token) == ("renewed", True)
    assert plan.reasons == ("the token in the cluster is rejected: the registry answered 401",)
    assert [choose(plan), choose(plan, refused=[REGISTRY])] == [ACCEPTED, REFUSED]


def test_a_rejected_token_stays_while_no_new_one_is_to_be_had() -> None:
    assert choose(plan_for(there(), rejection="it answered 401"), new=False) is None


# A pull-secret of two registries, whose first registry refuses its token.
TWO = KINDS["pull-secret-of-two"]


def _read_passwords(written: Payload | None) -> list[str]:
    assert written is not None
    return [token.password for token in read_tokens(written, TWO).values()]


def test_of_two_registries_the_refused_token_is_not_written_and_the_accepted_one_is() -> None:
    plan = plan_for(there(payload(of=TWO, left=timedelta(hours=5)), of=TWO), of=TWO)
    chosen = choose(plan, of=TWO, refused=TWO.registries[:1])
    assert _read_passwords(chosen) == [PASSWORD, "new"]
    assert chosen is not None
    assert (chosen.refused, chosen.expires_at, chosen.lifetime) == (True, NOW + timedelta(hours=5), timedelta(hours=5))


def test_of_two_registries_the_refused_token_is_written_where_the_current_one_expires_before_the_next_check() -> None:
    plan = plan_for(there(payload(of=TWO, left=timedelta(minutes=11)), of=TWO), of=TWO)
    chosen = choose(plan, of=TWO, refused=TWO.registries[:1])
    assert _read_passwords(chosen) == ["new", "new"]


def test_the_mark_of_two_registries_alone_is_no_reason_to_write_again() -> None:
    plan = plan_for(there(payload(of=TWO, refused=True), of=TWO), of=TWO)
    assert (plan.needs_token, choose(plan, of=TWO, refused=TWO.registries[:1])) == (True, None)


@pytest.mark.parametrize("minutes", [1, 7, 30, 59, 60])
def test_while_one_registry_of_two_refuses_for_a_day_both_have_a_valid_token(minutes: int) -> None:
    """At any check interval; what the cluster has for the one that refuses is replaced before it expires."""
    observed, expires_at = there(of=TWO), dict.fromkeys(TWO.registries, NOW + timedelta(hours=11))
    for number in range(1, 24 * 60 // minutes):
        now = NOW + number * timedelta(minutes=minutes)
        assert [registry.host for registry, end in expires_at.items() if end <= now] == []
        plan = make_plan(
            observed,
            target=TARGET,
            credential=TWO,
            now=now,
            renew_before=RENEW_BEFORE,
            check_every=timedelta(minutes=minutes),
        )
        password = f"new-{number}"
        tokens = dict.fromkeys(TWO.registries, AuthorizationToken(password=password, expires_at=now + TOKEN_LIFETIME))
        chosen = choose_payload(
            plan, TWO, found="", tokens=tokens if plan.needs_token else {}, refused={TWO.registries[0]}, now=now
        )
        if plan.needs_token and chosen is not None:
            observed = there(chosen, of=TWO)
            written = read_tokens(chosen, TWO).items()
            expires_at |= {registry: now + TOKEN_LIFETIME for registry, token in written if token.password == password}


def test_a_mark_that_somebody_removed_is_put_back_and_still_counts() -> None:
    observed = there(MARKED)
    assert observed.config_map is not None
    unmarked = ObservedState(secret=observed.secret, config_map=edited(observed.config_map, *MARK, to=REMOVED))
    plan = plan_for(unmarked)
    assert plan.reasons[0] == "a registry refused the token when it was written"


def test_a_mark_that_somebody_added_is_not_believed() -> None:
    assert plan_for(with_config_map(*MARK, to="false")).action == "fresh"


DRIFTED = {
    "a label of the Secret": (("secret", SECRET_TYPE), payload()),
    "a label of the ConfigMap": (("config_map", MANAGED), payload()),
    "while the token is due": (("secret", SECRET_TYPE), ENDING),
}


def _drifted(which: str, path: tuple[str, ...], written: Any) -> ObservedState:
    secret, config_map = secret_there(written), config_map_there(written)
    if which == "secret":
        return ObservedState(secret=edited(secret, *path, to=REMOVED), config_map=config_map)
    return ObservedState(secret=secret, config_map=edited(config_map, *path, to=REMOVED))


@pytest.mark.parametrize("new", [False, True], ids=["no new token", "a refused one"])
@pytest.mark.parametrize("what", DRIFTED)
def test_drift_is_put_back_with_the_token_that_is_valid(what: str, new: bool) -> None:
    (which, path), written = DRIFTED[what]
    plan = plan_for(_drifted(which, path, written), force=True)
    assert choose(plan, new=new, refused=[REGISTRY]) == written


NOT_PUT_BACK = {
    "the token has expired": _drifted("secret", SECRET_TYPE, ENDED),
    "nothing differs": there(ENDING),
    "nothing is known of the token": ObservedState(
        secret=edited(secret_there(), *SECRET_TYPE, to=REMOVED),
        config_map=edited(config_map_there(), "metadata", "annotations", to=None),
    ),
}


@pytest.mark.parametrize("observed", NOT_PUT_BACK.values(), ids=NOT_PUT_BACK)
def test_nothing_is_written_without_a_new_token(observed: ObservedState) -> None:
    assert choose(plan_for(observed, force=True), new=False) is None


def test_drift_is_not_put_back_with_a_token_of_another_source() -> None:
    before, now = credential(role_id="AROABEFORE"), credential(role_id="AROANOW")
    observed = ObservedState(
        secret=edited(secret_there(of=before), *SECRET_TYPE, to=REMOVED), config_map=config_map_there(of=before)
    )
    assert choose(plan_for(observed, of=now), new=False) is None
