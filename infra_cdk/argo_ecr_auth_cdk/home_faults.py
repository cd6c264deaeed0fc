"""What does not fit the account and region that the function is in."""

import contextlib
from collections import Counter
from collections.abc import Iterator

from argo_ecr_auth.registry import NotARegistryError, parse_registry, partition_of
from argo_ecr_auth_cdk.settings import DeploymentSettings

MOST_CLUSTERS_ELSEWHERE = 400
"""In one account and region: their access entries share a stack, which holds 500 resources."""

_UNKNOWN = (
    "cannot be compared with the stack's own, which is not known at synth; choose it by AWS_PROFILE or AWS_REGION, or "
    "give the stack an env"
)


def home_faults(settings: DeploymentSettings, *, account: str | None, region: str | None) -> tuple[str, ...]:
    """Each fault with its path; `account` and `region` are the stack's, None where they are not known at synth."""
    return (
        *_of_unknown_home(settings, account=account, region=region),
        *_of_access(settings, account=account),
        *_of_numbers(settings),
        *_of_partitions(settings, region=region),
    )


def _of_unknown_home(settings: DeploymentSettings, *, account: str | None, region: str | None) -> Iterator[str]:
    for i, target in enumerate(settings.targets):
        if target.account and account is None and not target.role_arn:
            yield f"targets[{i}].account: {_UNKNOWN}"
        if target.region and region is None:
            yield f"targets[{i}].region: {_UNKNOWN}"


def _of_access(settings: DeploymentSettings, *, account: str | None) -> Iterator[str]:
    for i, target in enumerate(settings.targets):
        elsewhere = target.account is not None and target.account != account
        unaided = (target.access or settings.access) == "none" and not target.role_arn and not target.endpoint
        if elsewhere and account and unaided:
            yield (
                f"targets[{i}].account: with access: none, a cluster in another account needs a role_arn there, "
                "or an endpoint and certificate_authority"
            )


def _of_numbers(settings: DeploymentSettings) -> Iterator[str]:
    elsewhere = Counter(
        (target.account, target.region) for target in settings.targets if target.account or target.region
    )
    for (account, region), number in elsewhere.items():
        if number > MOST_CLUSTERS_ELSEWHERE:
            place = " ".join(filter(None, (account, region)))
            yield f"targets: {number} are in {place}; elsewhere at most {MOST_CLUSTERS_ELSEWHERE} in a place"


def _of_partitions(settings: DeploymentSettings, *, region: str | None) -> Iterator[str]:
    named = dict(_partitions(settings))
    if not named:
        return
    place, home = ("the stack", partition_of(region).name) if region else next(iter(named.items()))
    for path, partition in named.items():
        if partition != home:
            yield f"{path}: is in the partition {partition}, {place} is in {home}; credentials do not cross"


def _partitions(settings: DeploymentSettings) -> Iterator[tuple[str, str]]:
    """The partition of everything that names one, by its path."""
    credentials = [("credentials", settings.credentials)]
    for i, target in enumerate(settings.targets):
        credentials.append((f"targets[{i}].credentials", target.credentials))
        if target.region:
            yield f"targets[{i}].region", partition_of(target.region).name
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
