"""Which token is written where a new one is refused, or none is to be had."""

from dataclasses import replace
from datetime import timedelta

import pytest

from argo_ecr_auth.core.authorization_token import TOKEN_LIFETIME, AuthorizationToken
from argo_ecr_auth.core.manifests import Payload, read_tokens
from argo_ecr_auth.core.observed import ObservedState
from argo_ecr_auth.core.renewal_plan import choose_payload, make_plan
from argo_ecr_auth.core.targets import Credential
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
    with_config_map,
    with_secret,
)
from tests.unit.test_renewal_plan import MANAGED, RENEW_BEFORE, SECRET_TYPE, TARGET, choose, plan_for

MARK = ("metadata", "annotations", "argo-ecr-auth/verified")
ACCEPTED = payload(password="new", lifetime=timedelta(hours=11))
REFUSED = payload(password="new", lifetime=timedelta(hours=11), refused=True)
ENDING = payload(left=timedelta(hours=1))
ENDED = payload(left=timedelta(seconds=-1))
MARKED = payload(refused=True)
NEW_ROLE = credential(role_id="AROANOW")
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


VALID = {
    "due": (there(ENDING), credential()),
    "a renewal was requested": (there(), credential()),
    "of another source": (there(of=credential(role_id="AROABEFORE")), NEW_ROLE),
}


@pytest.mark.parametrize(("observed", "of"), VALID.values(), ids=VALID)
def test_a_refused_token_does_not_replace_one_that_is_valid(observed: ObservedState, of: Credential) -> None:
    plan = plan_for(observed, of=of, force=of != NEW_ROLE)
    assert (plan.needs_token, choose(plan, refused=[REGISTRY])) == (True, None)


def test_an_accepted_token_replaces_whatever_is_there() -> None:
    chosen = [
        choose(plan_for(there(written), force=True)) for written in (payload(), ENDING, ENDED, MARKED, MARKED_ENDING)
    ]
    assert chosen == [ACCEPTED] * 5


def test_a_marked_token_is_a_reason_for_a_new_one_at_each_run() -> None:
    plan = plan_for(there(MARKED))
    assert (plan.action, plan.needs_token, plan.expires_at) == ("repaired", True, None)
    assert plan.reasons == ("a registry refused the token when it was written",)
    assert choose(plan, refused=[REGISTRY]) is None


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
    assert [choose(plan), choose(plan, refused=[REGISTRY]), choose(plan, new=False)] == [ACCEPTED, REFUSED, None]


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
    unmarked = replace(there(MARKED), config_map=edited(config_map_there(MARKED), *MARK, to=REMOVED))
    assert plan_for(unmarked).reasons[0] == "a registry refused the token when it was written"


def test_a_mark_that_somebody_added_is_not_believed() -> None:
    assert plan_for(with_config_map(*MARK, to="false")).action == "fresh"


def _without_the_type(written: Payload | None = None, *, of: Credential | None = None) -> ObservedState:
    """As a run wrote it, but for the Secret's label of its type."""
    observed = there(written, of=of)
    return replace(observed, secret=edited(secret_there(written, of=of), *SECRET_TYPE, to=REMOVED))


DRIFTED = {
    "a label of the Secret": (_without_the_type(), payload()),
    "a label of the ConfigMap": (with_config_map(*MANAGED, to=REMOVED), payload()),
    "while the token is due": (_without_the_type(ENDING), ENDING),
}


@pytest.mark.parametrize("new", [False, True], ids=["no new token", "a refused one"])
@pytest.mark.parametrize(("observed", "written"), DRIFTED.values(), ids=DRIFTED)
def test_drift_is_put_back_with_the_token_that_is_valid(observed: ObservedState, written: Payload, new: bool) -> None:
    assert choose(plan_for(observed, force=True), new=new, refused=[REGISTRY]) == written


UNSIGNED = edited(config_map_there(), "metadata", "annotations", to=None)
NOT_PUT_BACK = {
    "the token has expired": (_without_the_type(ENDED), credential()),
    "nothing differs": (there(ENDING), credential()),
    "nothing is known of the token": (replace(_without_the_type(), config_map=UNSIGNED), credential()),
    "the token is of another source": (_without_the_type(of=credential(role_id="AROABEFORE")), NEW_ROLE),
}


@pytest.mark.parametrize(("observed", "of"), NOT_PUT_BACK.values(), ids=NOT_PUT_BACK)
def test_nothing_is_written_without_a_new_token(observed: ObservedState, of: Credential) -> None:
    assert choose(plan_for(observed, of=of, force=True), new=False) is None
