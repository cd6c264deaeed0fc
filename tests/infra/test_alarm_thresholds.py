"""The alarms' thresholds against simulated schedules, which Scheduler invokes up to a minute late."""

from collections.abc import Mapping
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
# Targets by check interval; the first interval is the general one.
_ONE_INTERVAL = [{"2m": 1}, {"2m": 30}, {"1m": 1_000}, {"2m": 1_000}, {"5m": 1_000}]


def _settings(targets: Mapping[str, int], **changes: Any) -> Settings:
    """The targets of each other interval have a profile of that name."""
    general, *others = targets
    allowed = {"accounts": [ACCOUNT], "regions": [REGION], "clusters": ["*"]}
    profile = {"credentials": [{"registry": REGISTRY}], "allowed": allowed}
    written = [
        {"cluster": f"every-{every}-{number}"} | ({} if every == general else {"profile": f"every-{every}"})
        for every, count in targets.items()
        for number in range(count)
    ]
    profiles = {f"every-{every}": {**profile, "check_every": every} for every in others}
    return validate_settings(make_content(targets=written, profiles=profiles, check_every=general, **changes))


def _thresholds(settings: Settings) -> AlarmThresholds:
    return compute_thresholds(settings, targets=resolve_targets(settings, region=REGION))


def _simulate_runs(targets: Mapping[str, int], *, spread: timedelta | None = None, days: int, seed: int) -> list[int]:
    """How many runs begin in each minute. Schedules are created within `spread`, or a check interval."""
    random = Random(seed)  # noqa: S311 - a simulation, the same each time
    minutes = days * 24 * 60
    runs = [0] * (minutes + 2)
    for every, count in targets.items():
        interval = parse_duration(every)
        for _ in range(min(count, 200)):
            due = random.random() * (spread or interval).total_seconds()
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


@pytest.mark.parametrize(
    ("targets", "spread"),
    [
        *((targets, spread) for targets in _ONE_INTERVAL for spread in (None, timedelta(seconds=30))),
        ({"2m": 1, "1h": 1}, None),
        ({"2m": 30, "10m": 5}, None),
        ({"2m": 100, "5m": 100}, None),
        ({"2m": 190, "1h": 10}, None),
    ],
    ids=str,
)
def test_late_invocations_are_no_alarm(targets: dict[str, int], spread: timedelta | None) -> None:
    runs = _simulate_runs(targets, spread=spread, days=2, seed=1)
    assert sum(_is_breaching(runs, _thresholds(_settings(targets)))) == 0


@pytest.mark.parametrize(
    ("targets", "silent"),
    [
        *((targets, next(iter(targets))) for targets in _ONE_INTERVAL),
        ({"2m": 1, "1h": 1}, "1h"),
        ({"2m": 5, "10m": 5}, "10m"),
        ({"2m": 20, "5m": 100}, "5m"),
        ({"2m": 30, "10m": 5}, "2m"),
        ({"2m": 100, "5m": 100}, "2m"),
        ({"2m": 190, "1h": 10}, "2m"),
    ],
    ids=str,
)
def test_one_silent_schedule_is_an_alarm(targets: dict[str, int], silent: str) -> None:
    runs = _simulate_runs({**targets, silent: min(targets[silent], 200) - 1}, days=1, seed=2)
    firing = _is_breaching(runs, _thresholds(_settings(targets)))
    assert sum(firing) > 0.99 * len(firing)


@pytest.mark.parametrize("targets", _ONE_INTERVAL, ids=str)
def test_three_periods_of_runs_are_over_before_a_token_expires(targets: dict[str, int]) -> None:
    settings = _settings(targets)
    assert 3 * _thresholds(settings).runs_period <= parse_duration(settings.renew_before)


@pytest.mark.parametrize("every", _EVERY)
def test_every_period_holds_a_run_so_that_a_constant_failure_is_one_alarm(every: str) -> None:
    thresholds = _thresholds(_settings({every: 1}))
    period = thresholds.period // timedelta(minutes=1)
    runs = _simulate_runs({every: 1}, days=7, seed=3)
    until = list(accumulate(runs, initial=0))
    # From the second period on, when there is a run that can fail.
    start = 2 * period
    assert all(until[end] - until[end - period] for end in range(start, len(until)))


def test_a_short_renew_before_shortens_the_period_of_runs() -> None:
    assert _thresholds(_settings({"1m": 1}, renew_before="30m")).runs_period == timedelta(minutes=5)
