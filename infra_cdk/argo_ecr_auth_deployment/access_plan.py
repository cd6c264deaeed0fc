"""Where the clusters are, as seen from the function, and how it reaches those elsewhere: pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from argo_ecr_auth.core.registry import find_partition
from argo_ecr_auth.core.targets import Target
from argo_ecr_auth_deployment.names import AccountRegion, HomeDeployment, digest, make_external_id, name_access_role
from argo_ecr_auth_deployment.settings import Access, DeployedTargetSettings, DeploymentSettings

_MOST_ENTRIES = 200
"""In one stack: of the 500 resources that it holds, the schedules may take as many again."""
_SLOTS = 8


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A cluster that the function is to be let into; of the group, of the edit policy in namespaces, or both.

    `described`: EKS is asked for its address.
    """

    cluster: str
    described: bool
    by_group: bool
    edited_namespaces: tuple[str, ...]


def add_access_roles(settings: DeploymentSettings, *, home: HomeDeployment) -> DeploymentSettings:
    """The settings with the role, and its external id, of each target in another account that names none itself."""
    return msgspec.structs.replace(
        settings, targets=tuple(_add_access_role(target, settings=settings, home=home) for target in settings.targets)
    )


def group_by_place(settings: DeploymentSettings, *, home: AccountRegion) -> Mapping[AccountRegion, tuple[int, ...]]:
    """The targets (by their index) that need an access entry, by where their clusters are.

    None for a role that the user made, nor for `access: none`.
    """
    found: dict[AccountRegion, list[int]] = defaultdict(list)
    for i, target in enumerate(settings.targets):
        if target.role_arn is None and choose_access(target, settings=settings) != "none":
            found[_find_place(target, home=home)].append(i)
    return {place: tuple(indexes) for place, indexes in found.items()}


def make_entries(targets: Sequence[tuple[Target, Access]]) -> tuple[Entry, ...]:
    """One entry per cluster, whatever the number of its targets and namespaces."""
    by_cluster: dict[str, list[tuple[Target, Access]]] = defaultdict(list)
    for target, access in targets:
        by_cluster[target.cluster].append((target, access))
    return tuple(
        Entry(
            cluster=cluster,
            described=any(target.endpoint is None for target, _ in of_it),
            by_group=any(access == "least-privilege" for _, access in of_it),
            edited_namespaces=tuple(
                sorted(
                    {one.namespace for target, access in of_it if access == "edit-policy" for one in target.credentials}
                )
            ),
        )
        for cluster, of_it in by_cluster.items()
    )


def divide_into_stacks(entries: Sequence[Entry]) -> Mapping[int, tuple[Entry, ...]]:
    """The entries at home by stack: all in slot 0, the function's own, or, where those are too many, in 1 to 8.

    By the hash of the cluster's name, for an entry that moves between stacks is there already when the other makes it.
    """
    if len(entries) <= _MOST_ENTRIES:
        return {0: tuple(entries)}
    slots: dict[int, list[Entry]] = defaultdict(list)
    for entry in entries:
        slots[1 + int(digest(entry.cluster), 16) % _SLOTS].append(entry)
    return {slot: tuple(slots[slot]) for slot in sorted(slots)}


def choose_access(target: DeployedTargetSettings, *, settings: DeploymentSettings) -> Access:
    return target.access or settings.access


def _add_access_role(
    target: DeployedTargetSettings, *, settings: DeploymentSettings, home: HomeDeployment
) -> DeployedTargetSettings:
    place = _find_place(target, home=home.place)
    if target.role_arn or place.account == home.place.account or choose_access(target, settings=settings) == "none":
        return target
    name = name_access_role(installation=settings.installation, home=home, place=place)
    partition = find_partition(place.region or "").name
    return msgspec.structs.replace(
        target,
        role_arn=f"arn:{partition}:iam::{place.account}:role/{name}",
        external_id=make_external_id(installation=settings.installation, home=home, place=place),
    )


def _find_place(target: DeployedTargetSettings, *, home: AccountRegion) -> AccountRegion:
    return AccountRegion(account=target.account or home.account, region=target.region or home.region)
