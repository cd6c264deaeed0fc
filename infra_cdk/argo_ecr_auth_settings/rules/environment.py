"""Rules about accounts, regions and partitions."""

import contextlib
from collections.abc import Iterator

from argo_ecr_auth.core.registry import NotARegistryError, find_partition, parse_registry
from argo_ecr_auth_settings.access_plan import choose_access, group_by_place
from argo_ecr_auth_settings.broken import attempt, read_items, read_value
from argo_ecr_auth_settings.document import Fault, KeyPath, below, make_fault
from argo_ecr_auth_settings.field_types import explain_no_region, is_region
from argo_ecr_auth_settings.names import AccountRegion
from argo_ecr_auth_settings.settings import Settings, TargetSettings, list_credentials, list_profiles

MAX_CLUSTERS_ELSEWHERE = 400
"""In one account and region. Their access entries share a stack, which holds 500 resources."""

_WHY_HERE = {
    "alarm_topic_arn": "an alarm acts only in its own region",
    "log_key_arn": "a key encrypts only in its own region",
}


def check_environment(settings: Settings, *, account: str | None, region: str | None) -> Iterator[Fault]:
    """`account` and `region` are the stack's; nothing is compared with one that is None."""
    yield from _check_regions(settings)
    for i, target in enumerate(read_items(settings, "targets")):
        yield from below(("targets", i), attempt(_check_access(target, settings, account=account)))
    yield from attempt(_check_numbers(settings, account=account, region=region))
    yield from _check_partitions(settings, region=region)
    yield from attempt(_check_regional_arns(settings, region=region))


def _check_access(target: TargetSettings, settings: Settings, *, account: str | None) -> Iterator[Fault]:
    elsewhere = target.account is not None and target.account != account
    unaided = choose_access(target, settings=settings) == "none" and target.role_arn is None and target.endpoint is None
    if elsewhere and account and unaided:
        yield make_fault(
            "account",
            "with access: none, a cluster in another account needs a role_arn there, or an endpoint and "
            "certificate_authority",
        )


def _check_numbers(settings: Settings, *, account: str | None, region: str | None) -> Iterator[Fault]:
    if account is None or region is None:
        return
    home = AccountRegion(account=account, region=region)
    for place, indexes in group_by_place(settings, home=home).items():
        number = len({settings.targets[i].cluster for i in indexes})
        if place != home and number > MAX_CLUSTERS_ELSEWHERE:
            yield make_fault(
                "targets",
                f"{number} clusters are in {place.account} {place.region}; an account or region other than the stack's "
                f"takes at most {MAX_CLUSTERS_ELSEWHERE}",
            )


def _check_regional_arns(settings: Settings, *, region: str | None) -> Iterator[Fault]:
    for (key,), arn in _find_regional_arns(settings):
        found = arn.split(":")[3]
        # _check_partitions reports an ARN in another partition.
        if region is not None and found != region and find_partition(found) == find_partition(region):
            yield make_fault(key, f"is in {found}, the stack is in {region}; {_WHY_HERE[key]}")


def _check_regions(settings: Settings) -> Iterator[Fault]:
    for path, region in _find_regions(settings):
        if not is_region(region):
            yield Fault(path=path, text=explain_no_region(region))


def _check_partitions(settings: Settings, *, region: str | None) -> Iterator[Fault]:
    named = {path: find_partition(found).name for path, found in _find_regions(settings)}
    named |= {path: arn.split(":")[1] for path, arn in _find_arns(settings)}
    if not named:
        return
    place, home = ("the stack", find_partition(region).name) if region else next(iter(named.items()))
    for path, partition in named.items():
        if partition != home:
            yield Fault(
                path=path, text=f"is in the partition {partition}, {place} is in {home}; credentials do not cross"
            )


def _find_regions(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    """Each region in the settings, with its path."""
    for i, target in enumerate(read_items(settings, "targets")):
        yield from ((("targets", i, "region"), region) for region in read_value(target, "region"))
    for name, profile in attempt(list_profiles(settings)):
        regions = enumerate(profile.allowed.regions)
        yield from ((("profiles", name, "allowed", "regions", i), region) for i, region in regions)
    for path, credential in list_credentials(settings):
        for own_path, host in read_items(credential, "hosts_by_path"):
            with contextlib.suppress(NotARegistryError):  # check_credentials reports it
                yield (*path, *own_path), parse_registry(host).region
    yield from ((path, arn.split(":")[3]) for path, arn in _find_regional_arns(settings))


def _find_regional_arns(settings: Settings) -> Iterator[tuple[tuple[str], str]]:
    """The ARNs of resources that must be in the stack's region."""
    for key in _WHY_HERE:
        yield from (((key,), arn) for arn in read_value(settings, key))


def _find_arns(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    for i, target in enumerate(read_items(settings, "targets")):
        yield from ((("targets", i, "role_arn"), arn) for arn in read_value(target, "role_arn"))
    for path, credential in list_credentials(settings):
        yield from (((*path, "role_arn"), arn) for arn in read_value(credential, "role_arn"))
    yield from _find_regional_arns(settings)
