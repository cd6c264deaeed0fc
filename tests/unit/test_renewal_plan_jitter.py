"""With how much left of it a target's token is renewed, and when it is tried at its registry."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from argo_ecr_auth.core.renewal_plan import compute_threshold, is_probe_due
from tests.unit.builders import NOW, credential, payload, there
from tests.unit.test_renewal_plan import CHECK_EVERY, RENEW_BEFORE, TARGET, plan_for

WHOLE = timedelta(hours=12)
CHECKS = st.timedeltas(timedelta(minutes=1), timedelta(hours=1))
SPANS = st.timedeltas(timedelta(minutes=10), timedelta(hours=11))


@given(target=st.text(), renew_before=SPANS, check_every=CHECKS)
def test_a_target_renews_up_to_an_hour_earlier_than_others(
    target: str, renew_before: timedelta, check_every: timedelta
) -> None:
    latest = max(min(renew_before, WHOLE / 2), check_every + timedelta(minutes=5))
    threshold = compute_threshold(target, renew_before=renew_before, lifetime=WHOLE, check_every=check_every)
    assert latest <= threshold <= latest + timedelta(hours=1)


@given(target=st.text(), renew_before=SPANS, lifetime=st.timedeltas(timedelta(hours=2, minutes=11), WHOLE))
def test_a_new_token_is_not_due_at_the_next_check_however_short_its_lifetime_and_long_the_interval(
    target: str, renew_before: timedelta, lifetime: timedelta
) -> None:
    left = lifetime - timedelta(hours=1) / 2
    plan = plan_for(
        there(payload(left=left, lifetime=lifetime)), target=target, renew_before=renew_before, check_every=CHECK_EVERY
    )
    assert plan.action == "fresh"


@pytest.mark.parametrize(
    ("hours", "threshold"),
    [(12, timedelta(hours=6)), (5.9, timedelta(hours=2.95)), (1, timedelta(minutes=30)), (0.2, timedelta(minutes=12))],
)
def test_a_token_of_a_shorter_lifetime_is_renewed_at_half_of_it(hours: float, threshold: timedelta) -> None:
    """But in time for the next check."""
    found = compute_threshold(
        TARGET, renew_before=RENEW_BEFORE, lifetime=timedelta(hours=hours), check_every=CHECK_EVERY
    )
    assert abs(found - threshold) < timedelta(seconds=1)


def test_the_jitter_of_a_target_is_the_same_in_every_environment() -> None:
    # Pinned: another value would have each target renew at another time after an update.
    threshold = compute_threshold("demo", renew_before=RENEW_BEFORE, lifetime=WHOLE, check_every=CHECK_EVERY)
    assert threshold - RENEW_BEFORE == timedelta(seconds=598, microseconds=937149)


def test_the_renewals_of_many_targets_are_spread_over_the_hour() -> None:
    minutes = {
        compute_threshold(f"cluster-{i}", renew_before=RENEW_BEFORE, lifetime=WHOLE, check_every=CHECK_EVERY)
        // timedelta(minutes=10)
        for i in range(100)
    }
    assert minutes == {36, 37, 38, 39, 40, 41}


@settings(max_examples=20)  # of up to 1,440 checks each
@given(target=st.text(), minutes=st.integers(1, 60), seconds=st.integers(0, 3599))
def test_the_token_in_the_cluster_is_tried_once_an_hour(target: str, minutes: int, seconds: int) -> None:
    """By one of the checks of any hour, or by two where the interval does not divide it."""
    check_every = timedelta(minutes=minutes)
    checks = [NOW + timedelta(seconds=seconds) + i * check_every for i in range(24 * 60 // minutes)]
    tried = sum(is_probe_due(target, credential(), now=now, check_every=check_every) for now in checks)
    assert 23 <= tried <= 25


def test_the_credentials_of_a_fleet_are_tried_all_over_the_hour() -> None:
    moments = {
        next(
            i for i in range(60) if is_probe_due(f"cluster-{n}", credential(), now=NOW + i * MINUTE, check_every=MINUTE)
        )
        // 10
        for n in range(100)
    }
    assert moments == {0, 1, 2, 3, 4, 5}


MINUTE = timedelta(minutes=1)
