"""What the settings imply of a healthy installation's metrics: pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from argo_ecr_auth.core.settings import duration
from argo_ecr_auth.core.targets import Target
from argo_ecr_auth_deployment.settings import DeploymentSettings

_SHORTEST_PERIOD = timedelta(minutes=5)
_LONGEST_PERIOD_OF_CHECKS = timedelta(hours=1)
_FEWEST_TICKS = 5


@dataclass(frozen=True, kw_only=True)
class Expectations:
    """Thresholds and periods of the alarms."""

    least_seconds_to_expiry: int
    period: timedelta
    period_of_checks: timedelta
    least_checks: float | None
    """None where nothing is enabled: then there is nothing to miss."""


def expectations(settings: DeploymentSettings, *, targets: Sequence[Target]) -> Expectations:
    """A token lives at least a third of `renew_before`, and each credential is checked at each tick.

    The checks are counted over many ticks, for a tick at a period's edge may fall into the next one. One credential
    that is silent for half of a period shows, among any number of others: so what is allowed to be missing cannot grow
    with their number, and what CloudWatch has not taken in yet is met by more periods in a row instead.
    """
    tick, renew_before = duration(settings.check_every), duration(settings.renew_before)
    ticks = max(_FEWEST_TICKS, min(renew_before / 6, _LONGEST_PERIOD_OF_CHECKS) // tick)
    credentials = sum(len(target.credentials) for target in targets if target.enabled)
    return Expectations(
        least_seconds_to_expiry=int(renew_before.total_seconds()) // 3,
        period=max(_SHORTEST_PERIOD, tick),
        period_of_checks=ticks * tick,
        least_checks=credentials * ticks - ticks / 2 if credentials else None,
    )
