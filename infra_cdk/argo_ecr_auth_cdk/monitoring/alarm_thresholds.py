"""The thresholds and periods of the alarms, as the settings imply them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from argo_ecr_auth.core.settings import duration
from argo_ecr_auth.core.targets import Target
from argo_ecr_auth_deployment.settings import DeploymentSettings

_SHORTEST_PERIOD = timedelta(minutes=5)
_LONGEST_CHECKS_PERIOD = timedelta(hours=1)
_FEWEST_TICKS = 5


@dataclass(frozen=True, kw_only=True)
class AlarmThresholds:
    """What a healthy installation's metrics do not pass."""

    min_seconds_to_expiry: int
    period: timedelta
    checks_period: timedelta
    min_checks: float | None  # None where no target is enabled: then no check can be missing


def compute_thresholds(settings: DeploymentSettings, *, targets: Sequence[Target]) -> AlarmThresholds:
    """Thresholds for a token that lives at least a third of `renew_before` and for one check per credential and tick.

    The checks are counted over many ticks, because a tick at the edge of a period may fall into the next one. One
    credential that is silent for half of a period shows among any number of others. So the number of checks that may be
    missing cannot grow with theirs; the alarm waits for several periods in a row instead, because CloudWatch takes in
    the newest data late.
    """
    tick, renew_before = duration(settings.check_every), duration(settings.renew_before)
    ticks = max(_FEWEST_TICKS, min(renew_before / 6, _LONGEST_CHECKS_PERIOD) // tick)
    credentials = sum(len(target.credentials) for target in targets if target.enabled)
    return AlarmThresholds(
        min_seconds_to_expiry=int(renew_before.total_seconds()) // 3,
        period=max(_SHORTEST_PERIOD, tick),
        checks_period=ticks * tick,
        min_checks=credentials * ticks - ticks / 2 if credentials else None,
    )
