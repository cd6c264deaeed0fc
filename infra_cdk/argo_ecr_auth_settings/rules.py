"""Rules of the deployment's settings that their types cannot express."""

from collections.abc import Iterator
from datetime import timedelta

from argo_ecr_auth.core.rules import MIN_RENEW_BEFORE
from argo_ecr_auth.core.settings import parse_duration
from argo_ecr_auth_settings.settings import DeploymentSettings, list_credentials

SHORTEST_CHECK_EVERY = timedelta(minutes=1)
"""EventBridge Scheduler's shortest rate."""
LONGEST_CHECK_EVERY = timedelta(hours=1)

# Of a function (AWS Lambda API Reference, VpcConfig).
MOST_SUBNETS = 16
MOST_SECURITY_GROUPS = 5


def find_deployment_faults(settings: DeploymentSettings) -> tuple[str, ...]:
    """Each fault with its path, and what is allowed."""
    return (
        *_check_schedule(settings),
        *_check_pulls(settings),
        *_check_vpc(settings),
        *_check_alarms(settings),
    )


def _check_schedule(settings: DeploymentSettings) -> Iterator[str]:
    tick = parse_duration(settings.check_every)
    if not SHORTEST_CHECK_EVERY <= tick <= LONGEST_CHECK_EVERY or tick % timedelta(minutes=1):
        yield f"check_every: {settings.check_every} is not between 1m and 1h in whole minutes"
    elif MIN_RENEW_BEFORE <= parse_duration(settings.renew_before) < tick:
        yield f"check_every: {settings.check_every} is longer than renew_before ({settings.renew_before})"


def _check_pulls(settings: DeploymentSettings) -> Iterator[str]:
    for path, credential in list_credentials(settings):
        for key in ("repositories", "pull_through_cache"):
            if credential.role_arn and getattr(credential, key):
                yield f"{path}.{key}: does not go with role_arn; give that role the rights to pull"


def _check_vpc(settings: DeploymentSettings) -> Iterator[str]:
    if settings.vpc is None:
        return
    for key, ids, most in (
        ("subnets", settings.vpc.subnets, MOST_SUBNETS),
        ("security_groups", settings.vpc.security_groups, MOST_SECURITY_GROUPS),
    ):
        for id_ in dict.fromkeys(id_ for id_ in ids if ids.count(id_) > 1):
            yield f"vpc.{key}: {id_} is given twice"
        if len(ids) > most:
            yield f"vpc.{key}: {len(ids)} are too many; a function takes at most {most}"


def _check_alarms(settings: DeploymentSettings) -> Iterator[str]:
    if settings.alarm_email and settings.alarm_topic_arn:
        yield "alarm_email: cannot go with alarm_topic_arn; give either, and subscribe the address to that topic"
    for key in ("alarm_email", "alarm_topic_arn"):
        if getattr(settings, key) and not settings.monitoring:
            yield f"{key}: there are no alarms with monitoring: false"
