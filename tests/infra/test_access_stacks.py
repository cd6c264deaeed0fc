"""Access stacks for clusters in other regions and accounts than the function's."""

import base64
import re
from typing import Any

import aws_cdk as cdk
import pytest
import trustme
from aws_cdk.assertions import Template

from argo_ecr_auth_cdk.construct import ArgoEcrAuth
from argo_ecr_auth_settings.settings import Settings
from argo_ecr_auth_settings.validation import validate_settings
from tests.infra.synthesis import (
    ACCOUNT,
    REGION,
    REGISTRY,
    find_all,
    find_only,
    make_app,
    make_content,
    make_stack,
    synthesize,
)

_OTHER_ACCOUNT = "333333333333"
_OTHER_REGION = "us-east-1"
_ROLE = "arn:aws:iam::333333333333:role/made-by-hand"
_AWAY = {"cluster": "away", "region": _OTHER_REGION}
_THEIRS = {"cluster": "theirs", "account": _OTHER_ACCOUNT}
Synthesized = tuple[Template, dict[str, Template]]


def _synthesized(*targets: dict[str, Any], **changes: Any) -> Synthesized:
    """The function's template, and the access stacks' templates by ACCOUNT-REGION."""
    stack = make_stack(make_content(targets=list(targets), **changes))
    stacks = {f"{access.account}-{access.region}": access for access in stack.installation.access_stacks}
    assert all(stack in access.dependencies for access in stacks.values())
    return Template.from_stack(stack), {place: Template.from_stack(access) for place, access in stacks.items()}


def _function_role(template: Template) -> tuple[str, dict[str, Any]]:
    roles = template.find_resources("AWS::IAM::Role").items()
    ((id_, role),) = [
        (id_, role) for id_, role in roles if "lambda" in str(role["Properties"]["AssumeRolePolicyDocument"])
    ]
    return id_, role["Properties"]


def _flat(value: Any) -> str:
    """An ARN with the stack's partition filled in."""
    if isinstance(value, str):
        return value
    return "".join("aws" if part == {"Ref": "AWS::Partition"} else part for part in value["Fn::Join"][1])


@pytest.fixture(scope="module")
def elsewhere() -> Synthesized:
    return _synthesized(
        {"cluster": "home"}, _AWAY, _THEIRS, {"cluster": "by-hand", "account": _OTHER_ACCOUNT, "role_arn": _ROLE}
    )


def test_each_account_and_region_has_an_access_stack_except_for_a_target_with_role_arn(elsewhere: Synthesized) -> None:
    main, access = elsewhere
    assert find_only(main, "AWS::EKS::AccessEntry")["ClusterName"] == "home"
    assert {
        place: find_only(template, "AWS::EKS::AccessEntry")["ClusterName"] for place, template in access.items()
    } == {f"{ACCOUNT}-{_OTHER_REGION}": "away", f"{_OTHER_ACCOUNT}-{REGION}": "theirs"}


def test_in_another_account_a_role_that_only_the_function_may_assume_describes_the_clusters(
    elsewhere: Synthesized,
) -> None:
    main, access = elsewhere
    theirs = access[f"{_OTHER_ACCOUNT}-{REGION}"]
    _, function_role = _function_role(main)
    role = find_only(theirs, "AWS::IAM::Role")
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Action"] == "sts:AssumeRole"
    # By a condition: IAM stores a role principal by its unique id, which a recreated role does not have.
    assert _flat(trust["Principal"]["AWS"]).endswith("iam::111111111111:root")
    arn = trust["Condition"]["ArnEquals"]["aws:PrincipalArn"]
    assert _flat(arn) == f"arn:aws:iam::111111111111:role/{function_role['RoleName']}"
    assert set(trust["Condition"]["StringEquals"]) == {"sts:ExternalId"}
    (statement,) = find_only(theirs, "AWS::IAM::Policy")["PolicyDocument"]["Statement"]
    assert statement["Action"] == "eks:DescribeCluster"
    assert statement["Resource"] == f"arn:aws:eks:{REGION}:{_OTHER_ACCOUNT}:cluster/theirs"


@pytest.mark.parametrize("place", [f"{ACCOUNT}-{_OTHER_REGION}", f"{_OTHER_ACCOUNT}-{REGION}"])
def test_elsewhere_the_entry_is_for_the_functions_role(place: str, elsewhere: Synthesized) -> None:
    main, access = elsewhere
    entry = find_only(access[place], "AWS::EKS::AccessEntry")
    _, role = _function_role(main)
    assert _flat(entry["PrincipalArn"]) == f"arn:aws:iam::111111111111:role/{role['RoleName']}"
    assert entry["KubernetesGroups"] == ["argo-ecr-auth"]


def test_the_access_role_describes_only_clusters_whose_endpoint_is_not_given() -> None:
    authority = base64.b64encode(trustme.CA().cert_pem.bytes()).decode()
    given = {"account": _OTHER_ACCOUNT, "endpoint": "https://a.example", "certificate_authority": authority}
    _, some = _synthesized({"cluster": "given", **given}, {"cluster": "asked", "account": _OTHER_ACCOUNT})
    _, none = _synthesized({"cluster": "given", **given})
    (statement,) = find_only(some[f"{_OTHER_ACCOUNT}-{REGION}"], "AWS::IAM::Policy")["PolicyDocument"]["Statement"]
    assert statement["Resource"] == f"arn:aws:eks:{REGION}:{_OTHER_ACCOUNT}:cluster/asked"
    assert not find_all(none[f"{_OTHER_ACCOUNT}-{REGION}"], "AWS::IAM::Role")
    assert find_all(none[f"{_OTHER_ACCOUNT}-{REGION}"], "AWS::EKS::AccessEntry")


def test_the_function_may_assume_the_access_role_and_gets_its_arn_and_external_id(elsewhere: Synthesized) -> None:
    main, access = elsewhere
    role = find_only(access[f"{_OTHER_ACCOUNT}-{REGION}"], "AWS::IAM::Role")
    arn = f"arn:aws:iam::{_OTHER_ACCOUNT}:role/{role['RoleName']}"
    assert len(role["RoleName"]) <= 64
    assumed = [
        statement["Resource"]
        for policy in find_all(main, "AWS::IAM::Policy")
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Action"] == "sts:AssumeRole"
    ]
    assert assumed == [sorted([arn, _ROLE])]
    stack = make_stack(make_content(targets=[_THEIRS]))
    (target,) = stack.installation.targets
    assert target.role is not None
    assert target.role.arn == arn
    assert (
        target.role.external_id
        == role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"]
    )


def test_clusters_of_one_account_and_region_share_a_stack_and_a_role() -> None:
    _, access = _synthesized({"cluster": "a", "account": _OTHER_ACCOUNT}, {"cluster": "b", "account": _OTHER_ACCOUNT})
    (only,) = access.values()
    assert len(find_all(only, "AWS::EKS::AccessEntry")) == 2
    find_only(only, "AWS::IAM::Role")


def _read(document: object) -> Settings:
    return validate_settings(document, account=ACCOUNT, region=REGION)


def _role_name(stack: cdk.Stack) -> str:
    return str(_function_role(Template.from_stack(stack))[1]["RoleName"])


def test_the_functions_role_keeps_its_name_wherever_the_clusters_are() -> None:
    home = {"cluster": "home"}
    installations = [[home], [home, _AWAY], [{"cluster": "a", "account": _OTHER_ACCOUNT}]]
    (name,) = {_role_name(make_stack(make_content(targets=targets))) for targets in installations}
    assert len(name) <= 64


def test_another_home_or_installation_has_its_own_roles_external_id_and_access_stacks() -> None:
    targets = [{"cluster": "third", "account": _OTHER_ACCOUNT, "region": "eu-north-1"}]
    longest = "a" * 40
    stacks = [
        make_stack(make_content(targets=targets, **changes), account=account, region=region)
        for account, region, changes in (
            (ACCOUNT, REGION, {}),
            (ACCOUNT, _OTHER_REGION, {}),
            ("444444444444", REGION, {}),
            (ACCOUNT, REGION, {"installation": longest}),
        )
    ]
    access = [access.stack_name for stack in stacks for access in stack.installation.access_stacks]
    roles = [_role_name(stack) for stack in stacks]
    roles += [
        find_only(Template.from_stack(access_stack), "AWS::IAM::Role")["RoleName"]
        for stack in stacks
        for access_stack in stack.installation.access_stacks
    ]
    external_ids = {target.role.external_id for stack in stacks for target in stack.installation.targets if target.role}
    assert len(external_ids) == len(set(access)) == 4
    assert len(set(roles)) == 8
    assert max(map(len, roles)) <= 64
    assert all(re.fullmatch("[A-Za-z][A-Za-z0-9-]{0,127}", name) for name in access)


def test_two_installations_of_one_stack_may_have_clusters_in_the_same_other_region() -> None:
    stack = cdk.Stack(make_app(), "Mine", env=cdk.Environment(account=ACCOUNT, region=REGION))
    names = []
    for id_ in ("one", "two"):
        credentials = [{"registry": REGISTRY, "secret_name": id_}]
        settings = _read(make_content(targets=[_AWAY], installation=id_, credentials=credentials))
        names.append(ArgoEcrAuth(stack, id_, settings=settings).access_stacks[0].stack_name)
    assert names[0] != names[1]
    synthesize(stack)


def test_a_nested_stack_may_have_clusters_elsewhere() -> None:
    outer = cdk.Stack(make_app(), "Outer", env=cdk.Environment(account=ACCOUNT, region=REGION))
    targets = [_AWAY, _THEIRS]
    nested = cdk.NestedStack(outer, "Nested")
    made = ArgoEcrAuth(nested, "EcrAuth", settings=_read(make_content(targets=targets)))
    synthesize(outer)
    for stack in made.access_stacks:
        assert outer in stack.dependencies


def test_access_none_makes_no_access_stack_and_the_output_names_the_role() -> None:
    main, access = _synthesized(_AWAY, access="none")
    assert not access
    role_id, _ = _function_role(main)
    output = main.to_json()["Outputs"]["FunctionRole"]
    assert output["Value"] == {"Fn::GetAtt": [role_id, "Arn"]}
    assert "Kubernetes group argo-ecr-auth" in output["Description"]
