"""Which token is written where a new one is refused, or none is to be had."""

from datetime import timedelta
from typing import Any

import pytest

from argo_ecr_auth.core.observed import ObservedState
from argo_ecr_auth.core.renewal_plan import choose_payload
from tests.unit.builders import REMOVED, b64, config_map_there, credential, edited, payload, secret_there, there
from tests.unit.test_renewal_plan import MANAGED, SECRET_TYPE, plan_for, with_config_map, with_secret

MARK = ("metadata", "annotations", "argo-ecr-auth/verified")
ACCEPTED = payload(password="new")
REFUSED = payload(password="new", refused=True)
ENDING = payload(left=timedelta(hours=1))
ENDED = payload(left=timedelta(seconds=-1))
MARKED = payload(refused=True)
MARKED_ENDING = payload(refused=True, left=timedelta(hours=1))

NOTHING_LIVES = {
    "nothing is there": ObservedState(secret=None, config_map=None),
    "the ConfigMap is missing": ObservedState(secret=secret_there(), config_map=None),
    "the token has expired": there(ENDED),
    "something else wrote the password": with_secret("data", "password", to=b64("other")),
    "the original tool wrote it": with_config_map("metadata", "annotations", to=None),
    "somebody moved the expiry": with_config_map("data", "expireyTime", to="2026-11-24T08:00:00Z"),
}


@pytest.mark.parametrize("observed", NOTHING_LIVES.values(), ids=NOTHING_LIVES)
def test_a_refused_token_is_written_where_nothing_lives(observed: ObservedState) -> None:
    assert choose_payload(plan_for(observed), REFUSED) == REFUSED


@pytest.mark.parametrize("written", [ENDING, payload()], ids=["due", "a renewal was requested"])
def test_a_refused_token_does_not_replace_one_that_lives(written: Any) -> None:
    assert choose_payload(plan_for(there(written), force=True), REFUSED) is None


def test_a_refused_token_does_not_replace_one_of_another_source_that_lives() -> None:
    plan = plan_for(there(of=credential(function_role_id="AROABEFORE")), of=credential(function_role_id="AROANOW"))
    assert (plan.needs_token, choose_payload(plan, REFUSED)) == (True, None)


def test_an_accepted_token_replaces_whatever_is_there() -> None:
    chosen = [
        choose_payload(plan_for(there(written), force=True), ACCEPTED)
        for written in (payload(), ENDING, ENDED, MARKED, MARKED_ENDING)
    ]
    assert chosen == [ACCEPTED] * 5


def test_a_marked_token_is_a_reason_for_a_new_one_at_each_tick() -> None:
    plan = plan_for(there(MARKED))
    assert (plan.action, plan.needs_token) == ("repaired", True)
    assert plan.reasons == ("a registry refused the token when it was written",)


def test_the_expiry_of_a_marked_token_counts_for_nothing() -> None:
    assert plan_for(there(MARKED)).expires_at is None


def test_a_marked_token_that_lives_is_not_written_again_at_each_tick() -> None:
    assert choose_payload(plan_for(there(MARKED)), REFUSED) is None


def test_a_marked_token_that_is_due_is_replaced_before_it_ends() -> None:
    assert choose_payload(plan_for(there(MARKED_ENDING)), REFUSED) == REFUSED


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


@pytest.mark.parametrize("new", [None, REFUSED], ids=["no new token", "a refused one"])
@pytest.mark.parametrize("what", DRIFTED)
def test_drift_is_put_back_with_the_token_that_lives(what: str, new: Any) -> None:
    (which, path), written = DRIFTED[what]
    plan = plan_for(_drifted(which, path, written), force=True)
    assert choose_payload(plan, new) == written


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
    assert choose_payload(plan_for(observed, force=True), None) is None


def test_drift_is_not_put_back_with_a_token_of_another_source() -> None:
    before, now = credential(function_role_id="AROABEFORE"), credential(function_role_id="AROANOW")
    observed = ObservedState(
        secret=edited(secret_there(of=before), *SECRET_TYPE, to=REMOVED), config_map=config_map_there(of=before)
    )
    assert choose_payload(plan_for(observed, of=now), None) is None
