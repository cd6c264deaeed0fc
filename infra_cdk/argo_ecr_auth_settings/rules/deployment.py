"""Rules for durations, permissions to pull, the VPC and the alarms."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from argo_ecr_auth_settings.broken import attempt
from argo_ecr_auth_settings.credential_settings import CredentialSettings
from argo_ecr_auth_settings.document import Fault, below, make_fault
from argo_ecr_auth_settings.profile_settings import ProfileSettings
from argo_ecr_auth_settings.settings import (
    Settings,
    VpcSettings,
    find_duplicates,
    list_credentials,
    list_profiles,
    parse_duration,
)

MIN_RENEW_BEFORE = timedelta(minutes=10)
MAX_RENEW_BEFORE = timedelta(hours=6)
"""Half of a token's lifetime, which is when it is renewed at the latest (core/renewal_plan.py)."""

MIN_CHECK_EVERY = timedelta(minutes=1)
"""The minimum rate of EventBridge Scheduler."""
MAX_CHECK_EVERY = timedelta(hours=1)
_MIN_ATTEMPTS = 2

# Limits of a function (AWS Lambda API Reference, VpcConfig).
MAX_SUBNETS = 16
MAX_SECURITY_GROUPS = 5


def check_deployment(settings: Settings) -> Iterator[Fault]:
    """Durations, permissions to pull, the VPC and the alarms."""
    for rule in (_check_durations, _check_intervals, _check_pulls, _check_vpc, _check_alarms):
        yield from attempt(rule(settings))


# str() raises for a broken value.
def _check_durations(settings: Settings) -> Iterator[Fault]:
    if not MIN_RENEW_BEFORE <= parse_duration(str(settings.renew_before)) <= MAX_RENEW_BEFORE:
        yield make_fault("renew_before", f"{settings.renew_before} is not between 10m and 6h (half of a token's 12h)")


def _check_intervals(settings: Settings) -> Iterator[Fault]:
    yield from attempt(_check_interval(settings, settings=settings))
    for name, profile in attempt(list_profiles(settings)):
        yield from below(("profiles", name), attempt(_check_interval(profile, settings=settings)))


def _check_interval(holder: Settings | ProfileSettings, *, settings: Settings) -> Iterator[Fault]:
    if holder.check_every is None:
        return
    interval = parse_duration(str(holder.check_every))
    if not MIN_CHECK_EVERY <= interval <= MAX_CHECK_EVERY or interval % timedelta(minutes=1):
        yield make_fault("check_every", f"{holder.check_every} is not between 1m and 1h in whole minutes")
    elif MIN_RENEW_BEFORE <= parse_duration(str(settings.renew_before)) < _MIN_ATTEMPTS * interval:
        yield make_fault(
            "check_every",
            f"{holder.check_every} is more than half of renew_before ({settings.renew_before}): a run that fails would "
            "have no second one before the token expires",
        )


def _check_pulls(settings: Settings) -> Iterator[Fault]:
    for path, credential in list_credentials(settings):
        for key in ("repositories", "pull_through_cache"):
            yield from below(path, attempt(_check_pull(credential, key)))


def _check_pull(credential: CredentialSettings, key: str) -> Iterator[Fault]:
    if credential.role_arn is not None and getattr(credential, key):
        yield make_fault(key, "does not go with role_arn; give that role the permissions to pull")


def _check_vpc(settings: Settings) -> Iterator[Fault]:
    if settings.vpc is None:
        return
    for key, limit in (("subnets", MAX_SUBNETS), ("security_groups", MAX_SECURITY_GROUPS)):
        yield from below(("vpc",), attempt(_check_ids(settings.vpc, key, limit=limit)))


def _check_ids(vpc: VpcSettings, key: str, *, limit: int) -> Iterator[Fault]:
    ids: Sequence[str] = getattr(vpc, key)
    yield from (make_fault(key, f"{id_} is listed twice") for id_ in find_duplicates(ids))
    if len(ids) > limit:
        yield make_fault(key, f"{len(ids)} are too many; a function takes at most {limit}")


def _check_alarms(settings: Settings) -> Iterator[Fault]:
    if settings.alarm_email is not None and settings.alarm_topic_arn is not None:
        yield make_fault(
            "alarm_email",
            "cannot be combined with alarm_topic_arn; set only one, and subscribe the address to that topic",
        )
    for key in ("alarm_email", "alarm_topic_arn"):
        if getattr(settings, key) is not None and not settings.monitoring:
            yield make_fault(key, "there are no alarms with monitoring: false")
