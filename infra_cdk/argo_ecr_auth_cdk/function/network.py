"""The network of a function in a VPC, for clusters whose API server it cannot reach otherwise."""

from dataclasses import dataclass

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from argo_ecr_auth_settings.settings import Settings

# Lambda creates a function's network interfaces with the function's role (AWS Lambda Developer Guide, "Giving Lambda
# functions access to resources in an Amazon VPC"). They do not exist yet, so the policy cannot name them.
_INTERFACE_ACTIONS = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)


@dataclass(frozen=True, kw_only=True)
class Network:
    """The subnets of the function's network interfaces, and the security groups that limit what they reach."""

    vpc: ec2.IVpc
    subnets: ec2.SubnetSelection
    security_groups: tuple[ec2.ISecurityGroup, ...]


def import_network(scope: Construct, *, settings: Settings) -> Network | None:
    """The VPC of the settings, or None. Its ids are enough: nothing is looked up in an account.

    If the settings name no security group, one is created that allows HTTPS and DNS out and nothing in.
    """
    if settings.vpc is None:
        return None
    # CDK requires zones and route tables; a function needs neither.
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
        security_groups=tuple(groups or [_make_security_group(scope, vpc=vpc)]),
    )


def make_interface_statements() -> list[iam.PolicyStatement]:
    """Statements that let Lambda create the network interfaces and deny the same calls to the function's own code.

    Only calls by the function's code have the condition key lambda:SourceFunctionArn.
    """
    return [
        iam.PolicyStatement(sid="Interfaces", actions=list(_INTERFACE_ACTIONS), resources=["*"]),
        iam.PolicyStatement(
            sid="InterfacesForLambdaAlone",
            effect=iam.Effect.DENY,
            actions=list(_INTERFACE_ACTIONS),
            resources=["*"],
            conditions={"Null": {"lambda:SourceFunctionArn": "false"}},
        ),
    ]


def _make_security_group(scope: Construct, *, vpc: ec2.IVpc) -> ec2.SecurityGroup:
    # Keep the description: a new one would replace the group, which Lambda's network interfaces use for a while.
    group = ec2.SecurityGroup(
        scope, "SecurityGroup", vpc=vpc, allow_all_outbound=False, description="argo-ecr-auth: HTTPS out, nothing in"
    )
    # Descriptions have no apostrophe: EC2 allows a-z, A-Z, 0-9, spaces and ._-:/()#,@[]+=&;{}!$* (its API, IpRange).
    group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "AWS and the API servers of the clusters")
    # For custom DNS servers of the VPC; Amazon's resolver needs no rule.
    for port in (ec2.Port.udp(53), ec2.Port.tcp(53)):
        group.add_egress_rule(ec2.Peer.any_ipv4(), port, "DNS servers")
    return group
