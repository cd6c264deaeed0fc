"""What does not fit the account and region that the function is in."""

import contextlib
from collections.abc import Iterator

from argo_ecr_auth.core.registry import NotARegistryError, find_partition, parse_registry
from argo_ecr_auth_deployment.access_plan import choose_access, group_by_place
from argo_ecr_auth_deployment.names import AccountRegion
from argo_ecr_auth_deployment.settings import DeploymentSettings

MOST_CLUSTERS_ELSEWHERE = 400
"""In one account and region: their access entries share a stack, which holds 500 resources."""


def find_environment_faults(
    settings: DeploymentSettings, *, account: str | None, region: str | None
) -> tuple[str, ...]:
    """Each fault with its path. `account` and `region` are the stack's; nothing is compared with one that is None."""
    return (
        *_check_access(settings, account=account),
        *_check_numbers(settings, account=account, region=region),
        *_check_partitions(settings, region=region),
        *_check_topic(settings, region=region),
    )


def _check_access(settings: DeploymentSettings, *, account: str | None) -> Iterator[str]:
    for i, target in enumerate(settings.targets):
        elsewhere = target.account is not None and target.account != account
        unaided = choose_access(target, settings=settings) == "none" and not target.role_arn and not target.endpoint
        if elsewhere and account and unaided:
            yield (
                f"targets[{i}].account: with access: none, a cluster in another account needs a role_arn there, "
                "or an endpoint and certificate_authority"
            )


def _check_numbers(settings: DeploymentSettings, *, account: str | None, region: str | None) -> Iterator[str]:
    if account is None or region is None:
        return
    home = AccountRegion(account=account, region=region)
    for place, indexes in group_by_place(settings, home=home).items():
        number = len({settings.targets[i].cluster for i in indexes})
        if place != home and number > MOST_CLUSTERS_ELSEWHERE:
            there = f"{place.account} {place.region}"
            yield f"targets: {number} clusters are in {there}; elsewhere at most {MOST_CLUSTERS_ELSEWHERE} in a place"


def _check_topic(settings: DeploymentSettings, *, region: str | None) -> Iterator[str]:
    if settings.alarm_topic_arn is None or region is None:
        return
    there = settings.alarm_topic_arn.split(":")[3]
    # In another partition it is told as that.
    if there != region and find_partition(there) == find_partition(region):
        yield f"alarm_topic_arn: is in {there}, the stack is in {region}; an alarm acts in its own region alone"


def _check_partitions(settings: DeploymentSettings, *, region: str | None) -> Iterator[str]:
    named = dict(_find_partitions(settings))
    if not named:
        return
    place, home = ("the stack", find_partition(region).name) if region else next(iter(named.items()))
    for path, partition in named.items():
        if partition != home:
            yield f"{path}: is in the partition {partition}, {place} is in {home}; credentials do not cross"


def _find_partitions(settings: DeploymentSettings) -> Iterator[tuple[str, str]]:
    """The partition of everything that names one, by its path."""
    credentials = [("credentials", settings.credentials)]
    for i, target in enumerate(settings.targets):
        credentials.append((f"targets[{i}].credentials", target.credentials))
        if target.region:
            yield f"targets[{i}].region", find_partition(target.region).name
        if target.role_arn:
            yield f"targets[{i}].role_arn", target.role_arn.split(":")[1]
    if settings.alarm_topic_arn:
        yield "alarm_topic_arn", settings.alarm_topic_arn.split(":")[1]
    for place, found in credentials:
        for i, credential in enumerate(found):
            for key, host in credential.hosts_by_key:
                with contextlib.suppress(NotARegistryError):  # told already, with the credentials' other faults
                    yield f"{place}[{i}].{key}", parse_registry(host).partition.name
            if credential.role_arn:
                yield f"{place}[{i}].role_arn", credential.role_arn.split(":")[1]
