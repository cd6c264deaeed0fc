"""How much earlier than others a target renews."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from argo_ecr_auth.core.renewal_plan import compute_jitter
from tests.unit.builders import payload, there
from tests.unit.test_renewal_plan import RENEW_BEFORE, plan_for

SPANS = st.timedeltas(timedelta(minutes=10), timedelta(hours=11))


@given(target=st.text(), renew_before=SPANS)
def test_the_jitter_is_up_to_an_hour(target: str, renew_before: timedelta) -> None:
    assert timedelta() <= compute_jitter(target, renew_before=renew_before) <= timedelta(hours=1)


@given(target=st.text(), renew_before=SPANS)
def test_a_new_token_is_never_due_at_once(target: str, renew_before: timedelta) -> None:
    early = renew_before + compute_jitter(target, renew_before=renew_before)
    assert plan_for(there(payload(left=timedelta(hours=12))), renew_before=early).action == "fresh"


@given(target=st.text())
def test_a_new_token_stays_fresh_for_ticks_to_come_even_when_renewed_as_early_as_can_be(target: str) -> None:
    early = timedelta(hours=11) + compute_jitter(target, renew_before=timedelta(hours=11))
    assert timedelta(hours=12) - early >= timedelta(minutes=30)


def test_the_jitter_of_a_target_is_the_same_in_every_environment() -> None:
    # Pinned: another value would have each target renew at another time after an update.
    assert compute_jitter("demo", renew_before=RENEW_BEFORE) == timedelta(seconds=598, microseconds=937149)


def test_the_jitters_of_many_targets_are_spread_over_the_hour() -> None:
    minutes = {compute_jitter(f"cluster-{i}", renew_before=RENEW_BEFORE) // timedelta(minutes=10) for i in range(100)}
    assert minutes == {0, 1, 2, 3, 4, 5}
