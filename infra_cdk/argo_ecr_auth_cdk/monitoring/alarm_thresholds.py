"""Computes the alarm thresholds and periods that the settings imply."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from argo_ecr_auth.core.targets import Target
from argo_ecr_auth_cdk.schedules.schedule_groups import group_targets
from argo_ecr_auth_settings.settings import OVERDUE_DIVISOR, Settings, parse_duration

_MIN_PERIOD = timedelta(minutes=5)
_MIN_INTERVALS = 5


@dataclass(frozen=True, kw_only=True)
class AlarmThresholds:
    """Limits that the metrics of a healthy installation stay within."""

    min_seconds_to_expiry: int
    period: timedelta
    runs_period: timedelta
    min_runs: float | None  # None if no target is enabled: then no run can be missing


def compute_thresholds(settings: Settings, *, targets: Sequence[Target]) -> AlarmThresholds:
    """Thresholds for tokens that expire in less than a third of `renew_before`, and for missing runs.

    `period` is at least two check intervals long. A shorter period could contain no run at all, and an alarm would be
    resolved and fire again.

    `min_runs` counts runs, not credentials: a run with many credentials would hide that another run is missing. A
    schedule that is silent for half of `runs_period` is noticed. Scheduler invokes up to a minute late, so a schedule
    may have one run less or more in a period. The sum of these deviations grows with the square root of the number of
    schedules, and so does the period (tests/infra/test_alarm_thresholds.py simulates this). Three periods fit into
    `renew_before`.

    The longest check interval counts. Its silent schedule goes unnoticed if it misses fewer runs than those that are
    checked more often may deviate by.
    """
    schedules = Counter(interval for interval, _, _ in group_targets([target for target in targets if target.enabled]))
    interval = max(schedules or [target.check_every for target in targets])
    renew_before = parse_duration(settings.renew_before)
    wanted = max(min(renew_before / 6, timedelta(hours=1)) // interval, math.ceil(3 * math.sqrt(schedules.total())))
    intervals = max(_MIN_INTERVALS, min(wanted, renew_before / 3 // interval))
    runs_period = intervals * interval
    tolerance = max(intervals / 2, 1.5 * math.sqrt(schedules.total() - schedules[interval]))
    return AlarmThresholds(
        min_seconds_to_expiry=int(renew_before.total_seconds()) // OVERDUE_DIVISOR,
        period=max(_MIN_PERIOD, 2 * interval),
        runs_period=runs_period,
        min_runs=sum(n * (runs_period / every) for every, n in schedules.items()) - tolerance if schedules else None,
    )
