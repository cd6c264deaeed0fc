"""Finds clusters for which a deployment would fail, before it starts.

CloudFormation would notice only after creating everything else, and roll all of it back.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from argo_ecr_auth_cli.concurrency import map_concurrently
from argo_ecr_auth_deploy.deployment import Deployment
from argo_ecr_auth_deploy.destination import Destination
from argo_ecr_auth_settings.access_plan import divide_into_stacks, group_by_place, make_entries
from argo_ecr_auth_settings.documentation import make_link
from argo_ecr_auth_settings.names import (
    AccountRegion,
    HomeDeployment,
    format_role_arn,
    make_app_address,
    name_access_stack,
    name_function_role,
)

_MAX_NAMES = 10
_READY = ("ACTIVE", "UPDATING")


@dataclass(frozen=True, kw_only=True)
class _NewCluster:
    """A cluster in which the deployment creates an access entry for the role `principal`."""

    name: str
    region: str
    principal: str
    eks: Any = field(repr=False)  # a client that may describe it

    def __str__(self) -> str:
        return f"the EKS cluster {self.name} in {self.region}"

    @property
    def options(self) -> str:
        return f"--cluster-name {self.name} --region {self.region}"


def find_missing_clusters(deployment: Deployment) -> list[str]:
    """A line for each cluster of the destination's account that EKS does not know.

    If the credentials may not list the clusters, none is reported, and stderr says so.
    """
    destination = deployment.destination
    here = [target for target in deployment.targets if target.account == destination.account and target.role is None]
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
        print(f"cannot check whether the clusters in {region} exist: {error}", file=sys.stderr)
        return None


def find_unready_clusters(deployment: Deployment) -> list[str]:
    """A line for each new cluster in which no access entry can be created.

    In other accounts CDK's lookup role looks. What may not be read is not reported, and stderr says so.
    """
    places = list(group_by_place(deployment.settings, home=deployment.home).items())
    new = map_concurrently(lambda item: _list_new_clusters(*item, deployment=deployment), places, done=lambda: None)
    clusters = [cluster for found in new for cluster in found]
    answers = map_concurrently(lambda cluster: list(_check(cluster)), clusters, done=lambda: None)
    return [fault for faults in answers for fault in faults]


def _list_new_clusters(
    place: AccountRegion, indexes: Sequence[int], *, deployment: Deployment
) -> Sequence[_NewCluster]:
    settings, destination = deployment.settings, deployment.destination
    if place.region is None:
        return []
    home = HomeDeployment(place=deployment.home, address=make_app_address(settings.installation))
    role = name_function_role(installation=settings.installation, home=home)
    entries = make_entries(deployment.targets, indexes, settings=settings)
    names = [f"{place.account}-{place.region}"] if place != home.place else map(str, divide_into_stacks(entries))
    stacks = {name_access_stack(installation=settings.installation, home=home, clusters=name) for name in names}
    if place == home.place:
        stacks.add(settings.installation)
    is_own = place.account == destination.account
    looking = destination.sessions.as_role(None if is_own else deployment.get_bootstrap_role("lookup", place))
    try:
        client = looking.client("cloudformation", region=place.region)
        deployed = {cluster for stack in stacks for cluster in _list_deployed_entries(client, stack)}
    except (BotoCoreError, ClientError) as error:
        # find_missing_bootstraps reports an account whose roles may not be assumed.
        if not (isinstance(error, ClientError) and error.operation_name == "AssumeRole"):
            where = f"in {place.region} of account {place.account}"
            print(f"cannot check whether the clusters {where} are ready: {error}", file=sys.stderr)
        return []
    return [
        _NewCluster(
            name=entry.cluster,
            region=place.region,
            principal=format_role_arn(role, account=destination.account, region=destination.region),
            eks=looking.client("eks", region=place.region),
        )
        for entry in entries
        if entry.cluster not in deployed
    ]


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


def _check(cluster: _NewCluster) -> Iterator[str]:
    eks = cluster.eks
    try:
        found = eks.describe_cluster(name=cluster.name)["cluster"]
        yield from _check_cluster(cluster, found)
        entry = eks.describe_access_entry(clusterName=cluster.name, principalArn=cluster.principal)["accessEntry"]
    except (BotoCoreError, ClientError) as error:
        code = error.response.get("Error", {}).get("Code") if isinstance(error, ClientError) else None
        # A missing entry is as it should be, and so is one that cannot exist; find_missing_clusters reports a cluster.
        if code not in {"ResourceNotFoundException", "InvalidRequestException"}:
            print(f"cannot check whether {cluster} is ready: {error}", file=sys.stderr)
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
