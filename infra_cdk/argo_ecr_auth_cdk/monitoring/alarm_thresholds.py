"""The thresholds and periods that the settings imply. alarms.py makes the alarms, also those that ring at the first."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from argo_ecr_auth.core.targets import Target
from argo_ecr_auth_settings.access_plan import MAX_PER_STACK
from argo_ecr_auth_settings.settings import OVERDUE_DIVISOR, Settings, parse_duration

_SHORTEST_PERIOD = timedelta(minutes=5)
_FEWEST_TICKS = 5


@dataclass(frozen=True, kw_only=True)
class AlarmThresholds:
    """What a healthy installation's metrics do not pass."""

    min_seconds_to_expiry: int
    period: timedelta
    runs_period: timedelta
    min_runs: float | None  # None where no target is enabled: then no run can be missing


def compute_thresholds(settings: Settings, *, targets: Sequence[Target]) -> AlarmThresholds:
    """Thresholds for tokens that live at least a third of `renew_before` and for one run per schedule and tick.

    `period` holds at least two ticks: a period of one tick may hold none, and an alarm would end and ring again.

    `min_runs` counts runs, not credentials: a run that does many would hide one that does few. A schedule that is
    silent for half of `runs_period` shows. Scheduler invokes up to a minute late, so that each schedule may lose a tick
    at the edge of a period and win one at the other; the sum of that grows with the root of their number, and the
    period with it (tests/infra/test_alarm_thresholds.py simulates it). Three periods fit into `renew_before`.
    """
    tick, renew_before = parse_duration(settings.check_every), parse_duration(settings.renew_before)
    schedules = min(sum(target.enabled for target in targets), MAX_PER_STACK)
    wanted = max(min(renew_before / 6, timedelta(hours=1)) // tick, math.ceil(3 * math.sqrt(schedules)))
    ticks = max(_FEWEST_TICKS, min(wanted, renew_before / 3 // tick))
    return AlarmThresholds(
        min_seconds_to_expiry=int(renew_before.total_seconds()) // OVERDUE_DIVISOR,
        period=max(_SHORTEST_PERIOD, 2 * tick),
        runs_period=ticks * tick,
        min_runs=schedules * ticks - ticks / 2 if schedules else None,
    )
