"""Checks what AWS knows of a cluster: its name, its endpoint, its access entries, and STS in its region."""

import difflib
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from argo_ecr_auth_cli.doctor.access_entry import check_access_entry, check_other_entries
from argo_ecr_auth_cli.doctor.check_context import CheckContext, Finding, check, report_error

_ANYWHERE = {"0.0.0.0/0", "::/0"}
_STS_OFF = {"RegionDisabledException", "InvalidClientTokenId"}


def check_aws(context: CheckContext) -> list[Finding]:
    """All checks of AWS; one that is refused does not keep the others from running."""
    eks = context.shared.operator.sessions.client("eks", region=context.target.region)
    described: dict[str, Any] = {}
    findings = check_cluster(context, eks, described)
    fixed = context.target.endpoint is not None  # for a cluster that cannot be described
    if any(finding.name == "no-such-cluster" for finding in findings):
        return findings
    if described:
        findings += check_endpoint(context, described.get("resourcesVpcConfig", {}))
    if described or findings or not fixed:
        mode = described.get("accessConfig", {}).get("authenticationMode")
        findings += check_access_entry(context, eks, mode=mode)
        if mode != "CONFIG_MAP" and context.shared.function_role:
            findings += check_other_entries(context, eks)
    return [*findings, *check_sts(context)]


@check("AWS", "EKS knows the cluster")
def check_cluster(context: CheckContext, eks: Any, described: dict[str, Any]) -> Iterator[Finding]:
    """A wrong name or region, or a cluster that cannot be described; `described` is filled in."""
    target = context.target
    try:
        described |= eks.describe_cluster(name=target.cluster)["cluster"]
    except eks.exceptions.ResourceNotFoundException:
        if target.endpoint is None:
            yield report_no_such_cluster(context, eks)
    except (ClientError, BotoCoreError) as error:
        doing = f"find the API server of the EKS cluster {target.cluster} in {target.region}"  # as a run says it
        yield report_error(
            context, "whether EKS knows the cluster", error, doing=doing, permission="eks:DescribeCluster on it"
        )


def report_no_such_cluster(context: CheckContext, eks: Any) -> Finding:
    """The name or the region is wrong; similar names may be meant."""
    target = context.target
    pages = eks.get_paginator("list_clusters").paginate()
    names = [name for page in pages for name in page["clusters"]]
    near = difflib.get_close_matches(target.cluster, names, cutoff=0.5) or sorted(names)[:5]
    return context.report(
        "no-such-cluster",
        f"there is no EKS cluster {target.cluster} in {target.region}",
        remedy=(
            f"did you mean {', '.join(near)}? If not, correct the region or --profile"
            if near
            else "there are no clusters at all: correct the region or --profile"
        ),
    )


@check("AWS", "the cluster's endpoint accepts the function")
def check_endpoint(context: CheckContext, network: dict[str, Any]) -> Iterator[Finding]:
    """A function outside a VPC has no addresses of its own."""
    target = context.target
    if target.endpoint is not None or context.shared.installation.in_vpc:
        return
    vpc = f"put the function into a VPC that reaches it (settings: vpc; the cluster's is {network.get('vpcId')})"
    if not network.get("endpointPublicAccess", True):
        yield context.report(
            "private-endpoint", "the cluster's endpoint is private; the function is not in a VPC", remedy=vpc
        )
    elif not _ANYWHERE & set(limits := network.get("publicAccessCidrs") or _ANYWHERE):
        yield context.report(
            "limited-endpoint",
            f"the cluster's endpoint lets in only {', '.join(sorted(limits))}; the function has no fixed IP address",
            remedy=vpc,
        )


@check("AWS", "STS is enabled in the cluster's region")
def check_sts(context: CheckContext) -> Iterator[Finding]:
    """The bearer token is a request to STS in the cluster's region: if that is off, no token works."""
    region = context.target.region
    sts = context.shared.operator.sessions.client("sts", region=region)
    try:
        context.shared.answers.run(("STS", region), sts.get_caller_identity)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code")
        if code not in _STS_OFF:
            raise
        yield context.report(
            "sts-region",
            f"STS in {region} does not take this account's credentials ({code})",
            remedy=f"enable the region {region} for the account, and STS in it (IAM console, Account settings)",
        )
