"""What the types of the deployment's settings cannot say, all of it at once."""

from collections.abc import Iterator
from datetime import timedelta

from argo_ecr_auth.settings import SHORTEST_RENEW_BEFORE, duration
from argo_ecr_auth_cdk.settings import DeploymentSettings

SHORTEST_CHECK_EVERY = timedelta(minutes=1)
"""EventBridge Scheduler's shortest rate."""
LONGEST_CHECK_EVERY = timedelta(hours=1)


def deployment_faults(settings: DeploymentSettings) -> tuple[str, ...]:
    """Each fault with its path, and what is allowed."""
    return (*_faults_of_schedule(settings),)


def _faults_of_schedule(settings: DeploymentSettings) -> Iterator[str]:
    tick = duration(settings.check_every)
    if not SHORTEST_CHECK_EVERY <= tick <= LONGEST_CHECK_EVERY or tick % timedelta(minutes=1):
        yield f"check_every: {settings.check_every} is not between 1m and 1h in whole minutes"
    elif SHORTEST_RENEW_BEFORE <= duration(settings.renew_before) < tick:
        yield f"check_every: {settings.check_every} is longer than renew_before ({settings.renew_before})"
