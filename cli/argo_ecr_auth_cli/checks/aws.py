"""What AWS tells of the way to a cluster: its name, its endpoint, and STS."""

import difflib
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from argo_ecr_auth.clients.sessions import explain_aws_error
from argo_ecr_auth_cli.checks.access_entry import check_access_entry
from argo_ecr_auth_cli.checks.check_context import CheckContext, Finding
from argo_ecr_auth_cli.checks.run_check import run_check, unknown

_ANYWHERE = {"0.0.0.0/0", "::/0"}
_STS_OFF = {"RegionDisabledException", "InvalidClientTokenId"}


def check_aws(context: CheckContext) -> Iterator[Finding]:
    """All that AWS tells; what may not be asked hides nothing else."""
    target = context.target
    eks = context.sessions.client("eks", region=target.region)
    mode = None
    try:
        cluster = eks.describe_cluster(name=target.cluster)["cluster"]
    except eks.exceptions.ResourceNotFoundException:
        if target.endpoint is None:
            yield report_no_such_cluster(context, eks)
        else:  # one that is fixed is for a cluster that cannot be described
            yield from run_check(context, "STS", lambda: check_sts(context))
        return
    except (ClientError, BotoCoreError) as error:
        yield unknown(context, "EKS", str(explain_aws_error(error, asked=f"EKS for the cluster {target.cluster}")))
    else:
        mode = cluster.get("accessConfig", {}).get("authenticationMode")
        yield from check_endpoint(context, cluster.get("resourcesVpcConfig", {}))
    if mode != "CONFIG_MAP":
        yield from run_check(context, "the access entry", lambda: check_access_entry(context, eks, mode=mode))
    elif not context.entry_by_user:  # whoever makes it may do so in aws-auth
        yield report_config_map_mode(context)
    yield from run_check(context, "STS", lambda: check_sts(context))


def report_no_such_cluster(context: CheckContext, eks: Any) -> Finding:
    """The name is wrong, or the region; the near names are told."""
    target = context.target
    pages = eks.get_paginator("list_clusters").paginate()
    names = [name for page in pages for name in page["clusters"]]
    near = difflib.get_close_matches(target.cluster, names, cutoff=0.5) or sorted(names)[:5]
    return context.found(
        "no-such-cluster",
        f"there is no EKS cluster {target.cluster} in {target.region}",
        remedy=(
            f"did you mean {', '.join(near)}? else correct the region or --profile"
            if near
            else "there is none at all there: correct the region or --profile"
        ),
    )


def report_config_map_mode(context: CheckContext) -> Finding:
    """Access entries are ignored in this mode (Amazon EKS User Guide, Change authentication mode)."""
    target = context.target
    return context.found(
        "authentication-mode",
        "the cluster's authentication mode is CONFIG_MAP: it knows no access entries",
        remedy=f"aws eks update-cluster-config --name {target.cluster} --region {target.region} "
        "--access-config authenticationMode=API_AND_CONFIG_MAP (there is no way back)",
    )


def check_endpoint(context: CheckContext, network: dict[str, Any]) -> Iterator[Finding]:
    """A function in no VPC comes from addresses that are nobody's in particular."""
    target = context.target
    if target.endpoint is not None or context.in_vpc:
        return
    vpc = f"put the function into a VPC that reaches it (settings: vpc; the cluster's is {network.get('vpcId')})"
    if not network.get("endpointPublicAccess", True):
        yield context.found(
            "private-endpoint", "the cluster's endpoint is private; the function is in no VPC", remedy=vpc
        )
    elif not _ANYWHERE & set(limits := network.get("publicAccessCidrs") or _ANYWHERE):
        yield context.found(
            "limited-endpoint",
            f"the cluster's endpoint lets in {', '.join(sorted(limits))} alone; the function has no address of its own",
            remedy=vpc,
        )


def check_sts(context: CheckContext) -> Iterator[Finding]:
    """The bearer token is a request to the STS of the cluster's region; where that is off, no token is good."""
    region = context.target.region
    try:
        context.sessions.client("sts", region=region).get_caller_identity()
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code")
        if code not in _STS_OFF:
            raise
        yield context.found(
            "sts-region",
            f"STS in {region} does not take this account's credentials ({code})",
            remedy=f"enable the region {region} for the account, and STS in it (IAM console, Account settings)",
        )
