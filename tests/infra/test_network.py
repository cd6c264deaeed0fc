"""The function in a VPC."""

import re
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk.assertions import Template

from argo_ecr_auth_cdk.construct import ArgoEcrAuth
from argo_ecr_auth_cdk.function.network import Network
from argo_ecr_auth_settings.validation import validate_settings
from tests.infra.synthesis import ACCOUNT, REGION, find_all, find_only, make_app, make_content, make_template

_VPC = {"id": "vpc-11111111", "subnets": ["subnet-11111111", "subnet-22222222"]}
_FUNCTION, _GROUP = "AWS::Lambda::Function", "AWS::EC2::SecurityGroup"


@pytest.fixture(scope="module")
def template() -> Template:
    return make_template(make_content(vpc=_VPC))


def _interface_statements(template: Template) -> list[dict[str, Any]]:
    policies = find_all(template, "AWS::IAM::Policy")
    found = [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]
    return [statement for statement in found if "ec2:" in str(statement["Action"])]


def test_without_vpc_the_function_is_in_none(minimal: Template) -> None:
    assert "VpcConfig" not in find_only(minimal, _FUNCTION)
    assert not _interface_statements(minimal)


def test_it_is_in_the_subnets_with_a_security_group_that_lets_https_and_dns_out(template: Template) -> None:
    group = find_only(template, _GROUP)
    assert group["VpcId"] == "vpc-11111111"
    assert "SecurityGroupIngress" not in group
    allowed = [(out["IpProtocol"], out["FromPort"], out["ToPort"]) for out in group["SecurityGroupEgress"]]
    assert allowed == [("tcp", 443, 443), ("udp", 53, 53), ("tcp", 53, 53)]
    # EC2 replaces a group whose description changes, and cannot delete one that Lambda's interfaces still use.
    assert group["GroupDescription"] == "argo-ecr-auth: HTTPS out, nothing in"
    (name,) = template.find_resources(_GROUP)
    assert find_only(template, _FUNCTION)["VpcConfig"] == {
        "SubnetIds": ["subnet-11111111", "subnet-22222222"],
        "SecurityGroupIds": [{"Fn::GetAtt": [name, "GroupId"]}],
    }


def test_ec2_takes_every_description(template: Template) -> None:
    allowed = r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{1,255}"
    group = find_only(template, _GROUP)
    descriptions = [group["GroupDescription"], *(rule["Description"] for rule in group["SecurityGroupEgress"])]
    assert [text for text in descriptions if not re.fullmatch(allowed, text)] == []


def test_given_security_groups_are_used_as_they_are() -> None:
    template = make_template(make_content(vpc={**_VPC, "security_groups": ["sg-11111111"]}))
    assert find_only(template, _FUNCTION)["VpcConfig"]["SecurityGroupIds"] == ["sg-11111111"]
    assert not template.find_resources(_GROUP)


def test_lambda_may_create_the_network_interfaces_and_the_functions_code_may_not(template: Template) -> None:
    allow, deny = _interface_statements(template)
    assert (allow["Effect"], deny["Effect"]) == ("Allow", "Deny")
    assert allow["Action"] == deny["Action"]
    assert deny["Condition"] == {"Null": {"lambda:SourceFunctionArn": "false"}}


def test_a_vpc_of_the_same_app_is_used() -> None:
    stack = cdk.Stack(make_app(), "Mine", env=cdk.Environment(account=ACCOUNT, region=REGION))
    vpc = ec2.Vpc(stack, "Vpc", max_azs=2)
    group = ec2.SecurityGroup(stack, "Group", vpc=vpc)
    subnets = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS)
    network = Network(vpc=vpc, subnets=subnets, security_groups=(group,))
    ArgoEcrAuth(stack, "EcrAuth", settings=validate_settings(make_content()), network=network)
    functions = find_all(Template.from_stack(stack), _FUNCTION)  # one more is CDK's, for the VPC
    (ours,) = (function for function in functions if function["Handler"].startswith("argo_ecr_auth."))
    assert len(ours["VpcConfig"]["SubnetIds"]) == 2
