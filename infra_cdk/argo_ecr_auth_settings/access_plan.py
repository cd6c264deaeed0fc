"""Plans the access entries: which clusters need one, in which account and region, and in which stack."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from argo_ecr_auth.core.targets import Target
from argo_ecr_auth_settings.field_types import Access
from argo_ecr_auth_settings.names import (
    AccountRegion,
    HomeDeployment,
    digest,
    format_role_arn,
    make_external_id,
    name_access_role,
)
from argo_ecr_auth_settings.settings import Settings, TargetSettings

MAX_PER_STACK = 200
"""Access entries in one stack, and the same number of schedules: a stack holds 500 resources."""
_SLOTS = 8


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An access entry of a cluster: by the Kubernetes group, by the edit policy in some namespaces, or by both.

    `described` is true if the function calls DescribeCluster for the cluster's address.
    """

    cluster: str
    described: bool
    by_group: bool
    edited_namespaces: tuple[str, ...]


def add_access_roles(settings: Settings, *, home: HomeDeployment) -> Settings:
    """Name the role of the access stack, and its external id, for each target in another account that needs one."""
    return msgspec.structs.replace(
        settings, targets=tuple(_add_access_role(target, settings=settings, home=home) for target in settings.targets)
    )


def group_by_place(settings: Settings, *, home: AccountRegion) -> Mapping[AccountRegion, tuple[int, ...]]:
    """The indexes of the targets that need an access entry, by account and region.

    A target with its own `role_arn` or with `access: none` needs none.
    """
    found: dict[AccountRegion, list[int]] = defaultdict(list)
    for i, target in enumerate(settings.targets):
        if target.role_arn is None and choose_access(target, settings=settings) != "none":
            found[_find_place(target, home=home)].append(i)
    return {place: tuple(indexes) for place, indexes in found.items()}


def make_entries(targets: Sequence[Target], indexes: Iterable[int], *, settings: Settings) -> tuple[Entry, ...]:
    """One entry per cluster of these targets, also for several targets and namespaces."""
    by_cluster: dict[str, list[tuple[Target, Access]]] = defaultdict(list)
    for i in indexes:
        by_cluster[targets[i].cluster].append((targets[i], choose_access(settings.targets[i], settings=settings)))
    return tuple(
        Entry(
            cluster=cluster,
            described=any(target.endpoint is None for target, _ in group),
            by_group=any(access == "least-privilege" for _, access in group),
            edited_namespaces=tuple(
                sorted(
                    {
                        credential.namespace
                        for target, access in group
                        if access == "edit-policy"
                        for credential in target.credentials
                    }
                )
            ),
        )
        for cluster, group in by_cluster.items()
    )


def divide_into_stacks(entries: Sequence[Entry]) -> Mapping[int, tuple[Entry, ...]]:
    """The entries in the function's account and region, by stack: 0 is the function's own, which holds all of them.

    If they do not fit, they are in the stacks 1 to 8, by a hash of the cluster's name. An entry must not move between
    stacks: the new stack would create it while the old one still has it.
    """
    if len(entries) <= MAX_PER_STACK:
        return {0: tuple(entries)}
    slots: dict[int, list[Entry]] = defaultdict(list)
    for entry in entries:
        slots[1 + int(digest(entry.cluster), 16) % _SLOTS].append(entry)
    return {slot: tuple(slots[slot]) for slot in sorted(slots)}


def choose_access(target: TargetSettings, *, settings: Settings) -> Access:
    return target.access or settings.access


def _add_access_role(target: TargetSettings, *, settings: Settings, home: HomeDeployment) -> TargetSettings:
    place = _find_place(target, home=home.place)
    is_unaided = target.role_arn is None and target.endpoint is None
    if not is_unaided or place.account == home.place.account or choose_access(target, settings=settings) == "none":
        return target
    name = name_access_role(installation=settings.installation, home=home, place=place)
    return msgspec.structs.replace(
        target,
        role_arn=format_role_arn(name, account=place.account or "", region=place.region),
        external_id=make_external_id(installation=settings.installation, home=home, place=place),
    )


def _find_place(target: TargetSettings, *, home: AccountRegion) -> AccountRegion:
    return AccountRegion(account=target.account or home.account, region=target.region or home.region)
