"""The alarms' thresholds against simulated schedules, which Scheduler invokes up to a minute late."""

from datetime import timedelta
from itertools import accumulate
from random import Random
from typing import Any

import pytest

from argo_ecr_auth_cdk.monitoring.alarm_thresholds import AlarmThresholds, compute_thresholds
from argo_ecr_auth_settings.resolve import resolve_targets
from argo_ecr_auth_settings.settings import Settings, parse_duration
from argo_ecr_auth_settings.validation import validate_settings
from tests.infra.synthesis import ACCOUNT, REGION, REGISTRY, make_content

_MINUTE = 60
_EVERY = ["1m", "2m", "5m", "7m", "10m", "30m", "1h"]


def _settings(targets: int, **changes: Any) -> Settings:
    return validate_settings(make_content(targets=[{"cluster": f"c{number}"} for number in range(targets)], **changes))


def _thresholds(settings: Settings) -> AlarmThresholds:
    return compute_thresholds(settings, targets=resolve_targets(settings, region=REGION))


def _simulate_runs(schedules: int, *, interval: timedelta, spread: timedelta, minutes: int, seed: int) -> list[int]:
    """How many runs begin in each minute. The schedules are created within `spread`."""
    random = Random(seed)  # noqa: S311 - a simulation, the same each time
    runs = [0] * (minutes + 2)
    for _ in range(schedules):
        due = random.random() * spread.total_seconds()
        while due < minutes * _MINUTE:
            runs[int(due + random.random() * _MINUTE) // _MINUTE] += 1
            due += interval.total_seconds()
    return runs[:minutes]


def _is_breaching(runs: list[int], thresholds: AlarmThresholds) -> list[bool]:
    """Whether the alarm fires, for each minute in which CloudWatch evaluates it: three consecutive periods are too low.

    The newest period counts as too low, because CloudWatch may not have ingested all of it.
    """
    assert thresholds.min_runs is not None
    period = thresholds.runs_period // timedelta(minutes=1)
    until = list(accumulate(runs, initial=0))
    low = [until[end] - until[end - period] < thresholds.min_runs for end in range(period, len(until))]
    return [low[i] and low[i - period] for i in range(period, len(low))]


@pytest.mark.parametrize(("targets", "every"), [(1, "2m"), (30, "2m"), (1_000, "1m"), (1_000, "2m"), (1_000, "5m")])
@pytest.mark.parametrize("spread_over", ["a check interval", "half a minute"])
def test_late_invocations_are_no_alarm(targets: int, every: str, spread_over: str) -> None:
    settings = _settings(targets, check_every=every)
    interval = parse_duration(every)
    spread = interval if spread_over == "a check interval" else timedelta(seconds=30)
    runs = _simulate_runs(min(targets, 200), interval=interval, spread=spread, minutes=7 * 24 * 60, seed=1)
    assert sum(_is_breaching(runs, _thresholds(settings))) == 0


@pytest.mark.parametrize(("targets", "every"), [(1, "2m"), (30, "2m"), (1_000, "1m"), (1_000, "2m"), (1_000, "5m")])
def test_one_silent_schedule_is_an_alarm_before_a_token_expires(targets: int, every: str) -> None:
    settings = _settings(targets, check_every=every)
    runs = _simulate_runs(
        min(targets, 200) - 1, interval=parse_duration(every), spread=parse_duration(every), minutes=24 * 60, seed=2
    )
    thresholds = _thresholds(settings)
    firing = _is_breaching(runs, thresholds)
    assert sum(firing) > 0.99 * len(firing)
    assert 3 * thresholds.runs_period <= parse_duration(settings.renew_before)


def _settings_of_two_intervals(often: int, rarely: int, *, every: str) -> Settings:
    """Two minutes for those that are checked often."""
    allowed = {"accounts": [ACCOUNT], "regions": [REGION], "clusters": ["*"]}
    profile = {"credentials": [{"registry": REGISTRY}], "allowed": allowed, "check_every": every}
    targets = [
        *({"cluster": f"often-{number}"} for number in range(often)),
        *({"cluster": f"rarely-{number}", "profile": "rare"} for number in range(rarely)),
    ]
    return validate_settings(make_content(targets=targets, profiles={"rare": profile}))


def _simulate_two_intervals(often: int, rarely: int, *, every: str, seed: int) -> list[int]:
    minutes = 7 * 24 * 60
    runs = (
        _simulate_runs(count, interval=interval, spread=interval, minutes=minutes, seed=seed)
        for count, interval in ((often, timedelta(minutes=2)), (rarely, parse_duration(every)))
    )
    return [sum(begun) for begun in zip(*runs, strict=True)]


@pytest.mark.parametrize(
    ("often", "rarely", "every"), [(1, 1, "1h"), (30, 5, "10m"), (100, 100, "5m"), (190, 10, "1h")]
)
def test_with_two_check_intervals_late_invocations_are_no_alarm(often: int, rarely: int, every: str) -> None:
    thresholds = _thresholds(_settings_of_two_intervals(often, rarely, every=every))
    runs = _simulate_two_intervals(often, rarely, every=every, seed=1)
    assert sum(_is_breaching(runs, thresholds)) == 0


@pytest.mark.parametrize(
    ("often", "rarely", "every", "silent"),
    [
        (1, 1, "1h", "rarely"),
        (5, 5, "10m", "rarely"),
        (20, 100, "5m", "rarely"),
        (30, 5, "10m", "often"),
        (100, 100, "5m", "often"),
        (190, 10, "1h", "often"),
    ],
)
def test_with_two_check_intervals_a_silent_schedule_is_an_alarm(
    often: int, rarely: int, every: str, silent: str
) -> None:
    thresholds = _thresholds(_settings_of_two_intervals(often, rarely, every=every))
    others = (often - (silent == "often"), rarely - (silent == "rarely"))
    firing = _is_breaching(_simulate_two_intervals(*others, every=every, seed=2), thresholds)
    assert sum(firing) > 0.99 * len(firing)


@pytest.mark.parametrize("every", _EVERY)
def test_every_period_holds_a_run_so_that_a_constant_failure_is_one_alarm(every: str) -> None:
    thresholds = _thresholds(_settings(1, check_every=every))
    period = thresholds.period // timedelta(minutes=1)
    runs = _simulate_runs(1, interval=parse_duration(every), spread=parse_duration(every), minutes=7 * 24 * 60, seed=3)
    until = list(accumulate(runs, initial=0))
    # From the second period on, when there is a run that can fail.
    start = 2 * period
    assert all(until[end] - until[end - period] for end in range(start, len(until)))


def test_a_short_renew_before_shortens_the_period_of_runs() -> None:
    assert _thresholds(_settings(1, renew_before="30m", check_every="1m")).runs_period == timedelta(minutes=5)


def test_without_an_enabled_target_no_run_can_be_missing() -> None:
    settings = validate_settings(make_content(targets=[{"cluster": "asleep", "enabled": False}]))
    assert _thresholds(settings).min_runs is None
