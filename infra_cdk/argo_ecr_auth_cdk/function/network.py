"""The function in a VPC, for clusters whose API server it could not reach otherwise."""

from dataclasses import dataclass

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from argo_ecr_auth_deployment.settings import DeploymentSettings

# What Lambda asks of a function's role in a VPC (AWS Lambda Developer Guide, "Giving Lambda functions access to
# resources in an Amazon VPC"); the interfaces do not exist yet, so there is nothing to name.
_INTERFACES = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)


@dataclass(frozen=True, kw_only=True)
class Network:
    """Where the function's network interfaces are, and what they may reach."""

    vpc: ec2.IVpc
    subnets: ec2.SubnetSelection
    security_groups: tuple[ec2.ISecurityGroup, ...]


def network_of(scope: Construct, *, settings: DeploymentSettings) -> Network | None:
    """The VPC of the settings, by ids alone: nothing is looked up in an account.

    Without security groups it gets one of its own that lets out HTTPS and nothing in.
    """
    if settings.vpc is None:
        return None
    # CDK asks for zones and route tables; a function needs neither.
    vpc = ec2.Vpc.from_vpc_attributes(scope, "Vpc", vpc_id=settings.vpc.id, availability_zones=["unused"])
    subnets = [
        ec2.Subnet.from_subnet_attributes(scope, id_, subnet_id=id_, route_table_id="unused")
        for id_ in settings.vpc.subnets
    ]
    groups: list[ec2.ISecurityGroup] = [
        ec2.SecurityGroup.from_security_group_id(scope, id_, id_, mutable=False) for id_ in settings.vpc.security_groups
    ]
    return Network(
        vpc=vpc,
        subnets=ec2.SubnetSelection(subnets=subnets),
        security_groups=tuple(groups or [_https_out(scope, vpc=vpc)]),
    )


def interface_statements() -> list[iam.PolicyStatement]:
    """For Lambda itself; the function's own code is denied it (the key is there in its calls alone)."""
    return [
        iam.PolicyStatement(sid="Interfaces", actions=list(_INTERFACES), resources=["*"]),
        iam.PolicyStatement(
            sid="InterfacesForLambdaAlone",
            effect=iam.Effect.DENY,
            actions=list(_INTERFACES),
            resources=["*"],
            conditions={"Null": {"lambda:SourceFunctionArn": "false"}},
        ),
    ]


def _https_out(scope: Construct, *, vpc: ec2.IVpc) -> ec2.SecurityGroup:
    group = ec2.SecurityGroup(
        scope, "SecurityGroup", vpc=vpc, allow_all_outbound=False, description="argo-ecr-auth: HTTPS out, nothing in"
    )
    # No apostrophe in a description: EC2 takes a-z, A-Z, 0-9, spaces, and ._-:/()#,@[]+=&;{}!$* (IpRange in its API).
    group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "AWS and the API servers of the clusters")
    return group
