"""Finds clusters for which a deployment would fail, before it starts.

CloudFormation would notice only after creating everything else, and roll all of it back.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from argo_ecr_auth.core.registry import find_partition
from argo_ecr_auth.core.targets import Target
from argo_ecr_auth_cli.concurrency import map_concurrently
from argo_ecr_auth_deploy.destination import Destination
from argo_ecr_auth_settings.access_plan import choose_access, divide_into_stacks, group_by_place, make_entries
from argo_ecr_auth_settings.documentation import make_link
from argo_ecr_auth_settings.names import (
    AccountRegion,
    HomeDeployment,
    make_app_address,
    name_access_stack,
    name_function_role,
)
from argo_ecr_auth_settings.settings import Settings

_MAX_NAMES = 10
_READY = ("ACTIVE", "UPDATING")


@dataclass(frozen=True, kw_only=True)
class _NewCluster:
    """A cluster in which the deployment creates an access entry for the role `principal`."""

    name: str
    region: str
    principal: str

    def __str__(self) -> str:
        return f"the EKS cluster {self.name} in {self.region}"

    @property
    def options(self) -> str:
        return f"--cluster-name {self.name} --region {self.region}"


def find_missing_clusters(targets: Sequence[Target], *, destination: Destination) -> list[str]:
    """A line for each cluster of the destination's account that EKS does not know.

    If the credentials may not list the clusters, none is reported, and stderr says so.
    """
    here = [target for target in targets if target.account == destination.account and target.role is None]
    regions = sorted({target.region for target in here})
    lists = map_concurrently(lambda region: _list_clusters(region, destination), regions, done=lambda: None)
    return [
        f"there is no EKS cluster {target.cluster} in {region} of account {destination.account} (target "
        f"{target.name}): correct its name or region, or remove the target. {_describe_known(sorted(known))}"
        for region, known in zip(regions, lists, strict=True)
        for target in here
        if target.region == region and known is not None and target.cluster not in known
    ]


def _list_clusters(region: str, destination: Destination) -> set[str] | None:
    """None, and a line on stderr, if they may not be listed."""
    try:
        pages = destination.sessions.client("eks", region=region).get_paginator("list_clusters").paginate()
        return {name for page in pages for name in page["clusters"]}
    except (BotoCoreError, ClientError) as error:
        print(f"whether the clusters in {region} exist is not checked: {error}", file=sys.stderr)
        return None


def find_unready_clusters(settings: Settings, *, targets: Sequence[Target], destination: Destination) -> list[str]:
    """A line for each new cluster of the destination's account in which no access entry can be created.

    What the credentials may not read is not reported, and stderr says so. Clusters of other accounts are not checked.
    """
    try:
        clusters = _list_new_clusters(settings, targets=targets, destination=destination)
    except (BotoCoreError, ClientError) as error:
        print(f"whether the clusters are ready is not checked: {error}", file=sys.stderr)
        return []
    answers = map_concurrently(
        lambda cluster: list(_check(cluster, eks=destination.sessions.client("eks", region=cluster.region))),
        clusters,
        done=lambda: None,
    )
    return [fault for faults in answers for fault in faults]


def _list_new_clusters(
    settings: Settings, *, targets: Sequence[Target], destination: Destination
) -> Sequence[_NewCluster]:
    place = AccountRegion(account=destination.account, region=destination.region)
    home = HomeDeployment(place=place, address=make_app_address(settings.installation))
    role = name_function_role(installation=settings.installation, home=home)
    principal = f"arn:{find_partition(destination.region).name}:iam::{destination.account}:role/{role}"
    found = []
    for access, indexes in group_by_place(settings, home=place).items():
        if access.account != destination.account or access.region is None:
            continue
        entries = make_entries([(targets[i], choose_access(settings.targets[i], settings=settings)) for i in indexes])
        names = [f"{access.account}-{access.region}"] if access != place else map(str, divide_into_stacks(entries))
        stacks = {name_access_stack(installation=settings.installation, home=home, clusters=name) for name in names}
        if access == place:
            stacks.add(settings.installation)
        client = destination.sessions.client("cloudformation", region=access.region)
        deployed = {cluster for stack in stacks for cluster in _list_deployed_entries(client, stack)}
        found += [
            _NewCluster(name=entry.cluster, region=access.region, principal=principal)
            for entry in entries
            if entry.cluster not in deployed
        ]
    return found


def _list_deployed_entries(cloudformation: Any, stack: str) -> Iterator[str]:
    """The clusters of the stack's access entries. Raises ClientError and BotoCoreError."""
    try:
        for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack):
            for resource in page["StackResourceSummaries"]:
                if resource["ResourceType"] == "AWS::EKS::AccessEntry" and not _is_gone(resource["ResourceStatus"]):
                    yield resource["PhysicalResourceId"].rpartition("|")[2]  # PRINCIPAL|CLUSTER
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "ValidationError":  # there is no such stack
            raise


def _is_gone(status: str) -> bool:
    return status in {"CREATE_FAILED", "DELETE_COMPLETE"}


def _check(cluster: _NewCluster, *, eks: Any) -> Iterator[str]:
    try:
        found = eks.describe_cluster(name=cluster.name)["cluster"]
        yield from _check_cluster(cluster, found)
        entry = eks.describe_access_entry(clusterName=cluster.name, principalArn=cluster.principal)["accessEntry"]
    except (BotoCoreError, ClientError) as error:
        code = error.response.get("Error", {}).get("Code") if isinstance(error, ClientError) else None
        # A missing entry is as it should be, and so is one that cannot exist; find_missing_clusters reports a cluster.
        if code not in {"ResourceNotFoundException", "InvalidRequestException"}:
            print(f"whether {cluster} is ready is not checked: {error}", file=sys.stderr)
    else:
        yield (
            f"{cluster} has an access entry for {entry['principalArn']}, which the deployment creates. Delete it: "
            f"aws eks delete-access-entry {cluster.options} --principal-arn {entry['principalArn']}"
        )


def _check_cluster(cluster: _NewCluster, found: Any) -> Iterator[str]:
    if "outpostConfig" in found:
        yield f"{cluster} is a local cluster on AWS Outposts, which is not supported: remove the target"
    elif found["status"] not in _READY:
        yield f"{cluster} is {found['status']}: deploy when it is ACTIVE, or remove the target"
    elif found.get("accessConfig", {}).get("authenticationMode") == "CONFIG_MAP":
        yield (
            f"{cluster} is on CONFIG_MAP and accepts no access entry: aws eks update-cluster-config --name "
            f"{cluster.name} --region {cluster.region} --access-config authenticationMode=API_AND_CONFIG_MAP, or "
            f"set access: none for the target: {make_link('clusters')}"
        )


def _describe_known(names: Sequence[str]) -> str:
    if not names:
        return "EKS has no cluster there"
    more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return f"EKS has: {', '.join(names[:_MAX_NAMES])}{more}"
