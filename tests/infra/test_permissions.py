"""The permissions of the function's role. Each statement is written out, so that a wider one fails here."""

import base64
import json
from typing import Any

import pytest
import trustme
from aws_cdk.assertions import Template

from argo_ecr_auth_settings.document import SettingsError
from argo_ecr_auth_settings.validation import validate_settings
from tests.infra.synthesis import ACCOUNT, REGION, REGISTRY, find_all, make_content, make_template

_PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:ListImages"]
_DEMO = "arn:aws:eks:eu-west-1:111111111111:cluster/demo"
_BEARER = "sts:GetServiceBearerToken"
_ROLE = "arn:aws:iam::333333333333:role/made-by-hand"


def _statements(template: Template) -> list[tuple[Any, Any]]:
    policies = template.find_resources("AWS::IAM::Policy")
    (policy,) = (policy for name, policy in policies.items() if name.startswith("EcrAuthFunctionRole"))
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    assert all(statement["Effect"] == "Allow" for statement in statements)
    assert {statement["Action"] for statement in statements if "Condition" in statement} <= {_BEARER}
    return [(statement["Action"], statement["Resource"]) for statement in statements]


def _list_resources(document: dict[str, Any], action: Any) -> list[str]:
    resources = [statement["Resource"] for statement in document["Statement"] if statement["Action"] == action]
    return [arn for resource in resources for arn in (resource if isinstance(resource, list) else [resource])]


def _resources(template: Template, action: Any) -> list[str]:
    """All resources that the function's own policy allows an action on."""
    statements = [{"Action": allowed, "Resource": resource} for allowed, resource in _statements(template)]
    return _list_resources({"Statement": statements}, action)


def _logs(template: Template) -> tuple[Any, Any]:
    (log_group,) = template.find_resources("AWS::Logs::LogGroup")
    return (["logs:CreateLogStream", "logs:PutLogEvents"], {"Fn::GetAtt": [log_group, "Arn"]})


def test_the_function_may_log_get_a_token_that_pulls_and_describe_its_cluster(minimal: Template) -> None:
    assert _statements(minimal) == [
        _logs(minimal),
        ("ecr:GetAuthorizationToken", "*"),
        (_PULL, "arn:aws:ecr:eu-central-1:222222222222:repository/*"),
        ("eks:DescribeCluster", _DEMO),
    ]


def test_its_role_has_no_other_policies(minimal: Template) -> None:
    for role in minimal.find_resources("AWS::IAM::Role").values():
        assert "ManagedPolicyArns" not in role["Properties"]
        assert "Policies" not in role["Properties"]


def test_a_cluster_is_not_described_if_its_address_or_a_role_for_it_is_given() -> None:
    authority = base64.b64encode(trustme.CA().cert_pem.bytes()).decode()
    targets = [
        {"cluster": "demo", "endpoint": "https://demo.example", "certificate_authority": authority},
        {"cluster": "other", "role_arn": _ROLE},
    ]
    statements = _statements(make_template(make_content(targets=targets)))
    assert ("sts:AssumeRole", _ROLE) in statements
    assert "eks:" not in str(statements)


def test_a_role_for_the_registry_is_assumed_and_has_the_permissions_to_pull() -> None:
    template = make_template(make_content(credentials=[{"registry": REGISTRY, "role_arn": _ROLE}]))
    assert _statements(template) == [_logs(template), ("eks:DescribeCluster", _DEMO), ("sts:AssumeRole", _ROLE)]


_CHINA = "444444444444.dkr.ecr.cn-north-1.amazonaws.com.cn"
_OTHER = REGISTRY.replace("222222222222", "444444444444")
_NARROW = {"registry": REGISTRY, "repositories": ["charts/*", "apps/web"]}
_ARN = "arn:aws:ecr:eu-central-1:222222222222:repository/{}"
# Credentials, and what their tokens may pull.
_PULLED: dict[str, tuple[list[dict[str, Any]], list[str]]] = {
    "the registry's partition, region and account": (
        [{"registry": _CHINA}],
        ["arn:aws-cn:ecr:cn-north-1:444444444444:repository/*"],
    ),
    "repositories": ([_NARROW], [_ARN.format("apps/web"), _ARN.format("charts/*")]),
    "all, beside repositories": ([_NARROW | {"secret_name": "narrow"}, {"registry": REGISTRY}], [_ARN.format("*")]),
    "a pull secret's registries": (
        [{"kind": "pull-secret", "registry": [REGISTRY, _OTHER]}],
        [_ARN.format("*"), _ARN.format("*").replace("222222222222", "444444444444")],
    ),
}


@pytest.mark.parametrize(("credentials", "expected"), _PULLED.values(), ids=_PULLED)
def test_a_token_may_pull_from_its_registries_or_repositories(
    credentials: list[dict[str, Any]], expected: list[str]
) -> None:
    region = "cn-north-1" if credentials[0]["registry"] == _CHINA else REGION
    template = make_template(make_content(credentials=credentials), region=region)
    assert sorted(_resources(template, _PULL)) == expected


def test_pull_through_cache_adds_two_permissions_only_for_its_registry_and_none_to_push() -> None:
    cached = {"registry": REGISTRY, "pull_through_cache": True, "repositories": ["docker-hub/*"]}
    plain = {"registry": REGISTRY.replace("222222222222", "333333333333"), "secret_name": "plain"}
    fill = ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"]
    template = make_template(make_content(credentials=[cached, plain]))
    assert _resources(template, fill) == ["arn:aws:ecr:eu-central-1:222222222222:repository/docker-hub/*"]
    logs, _ = _logs(template)
    actions = [action for action, _ in _statements(template)]
    assert actions == [logs, "ecr:GetAuthorizationToken", _PULL, fill, "eks:DescribeCluster"]


def test_clusters_whose_names_are_too_long_together_are_described_by_their_common_beginning() -> None:
    few = make_template(make_content(targets=[{"cluster": f"team-{number}"} for number in range(50)]))
    assert len(_resources(few, "eks:DescribeCluster")) == 50
    many = [{"cluster": f"team-{number:04}", "enabled": number < 2, "access": "none"} for number in range(1_000)]
    assert ("eks:DescribeCluster", "arn:aws:eks:eu-west-1:111111111111:cluster/team-0*") in _statements(
        make_template(make_content(targets=many))
    )


def test_clusters_of_many_regions_are_named_as_far_as_they_fit_together() -> None:
    regions = [f"us-east-{number}" for number in range(20)]
    targets = [
        {"cluster": f"{region}-team-{number:03}", "region": region, "access": "none", "enabled": not number}
        for region in regions
        for number in range(50)
    ]
    targets += [{"cluster": "alone", "region": "eu-north-1", "access": "none"}]
    template = make_template(make_content(targets=targets))
    assert len(template.find_resources("AWS::IAM::ManagedPolicy")) <= 2
    described = [
        resource.split(":")[3:]
        for policy in _documents(template)
        for resource in _list_resources(policy, "eks:DescribeCluster")
    ]
    assert ["eu-north-1", "111111111111", "cluster/alone"] in described
    assert ["us-east-7", "111111111111", "cluster/us-east-7-team-0*"] in described
    assert {region for region, *_ in described} == {*regions, "eu-north-1"}


def _documents(template: Template) -> list[dict[str, Any]]:
    return [
        policy["PolicyDocument"]
        for type_ in ("ManagedPolicy", "Policy")
        for policy in find_all(template, f"AWS::IAM::{type_}")
    ]


@pytest.mark.parametrize("pull_through_cache", [False, True])
def test_the_most_roles_and_repositories_that_are_accepted_fit_into_iams_policies(pull_through_cache: bool) -> None:
    def document(number: int) -> dict[str, Any]:
        repositories = [f"team-{i:04}/charts" for i in range(number)]
        role = "arn:aws:iam::333333333333:role/r"
        targets = [{"cluster": f"c{i}", "role_arn": f"{role}{i}", "enabled": not i} for i in range(100)]
        credential = {"registry": REGISTRY, "repositories": repositories, "pull_through_cache": pull_through_cache}
        return make_content(
            targets=targets, credentials=[credential], vpc={"id": "vpc-11111111", "subnets": ["subnet-11111111"]}
        )

    taken = max(number for number in range(100, 1_000, 25) if not _faults(document(number)))
    template = make_template(document(taken))
    assert len(template.find_resources("AWS::IAM::ManagedPolicy")) <= 10
    (fault,) = _faults(document(1_000))
    assert fault.startswith(
        "credentials: 100 roles to assume and 1000 repositories do not fit into IAM's policies (10 of"
    )


def _faults(document: dict[str, Any]) -> tuple[str, ...]:
    try:
        validate_settings(document, account=ACCOUNT, region=REGION)
    except SettingsError as refused:
        return refused.faults
    return ()


def test_many_roles_are_divided_between_policies_within_iams_limits() -> None:
    roles = [f"arn:aws:iam::{number:012}:role/made-by-hand" for number in range(900)]
    targets = [{"cluster": f"c{number}", "role_arn": role, "enabled": number < 2} for number, role in enumerate(roles)]
    template = make_template(make_content(targets=targets))
    managed = template.find_resources("AWS::IAM::ManagedPolicy")
    documents = [policy["Properties"]["PolicyDocument"] for policy in managed.values()]
    assert 0 < len(documents) <= 10
    assert all(len(json.dumps(document, separators=(",", ":"))) <= 6_144 for document in documents)
    inline = next(
        policy
        for name, policy in template.find_resources("AWS::IAM::Policy").items()
        if name.startswith("EcrAuthFunctionRole")
    )["Properties"]["PolicyDocument"]
    assert len(json.dumps(inline, separators=(",", ":"))) <= 10_240
    statements = [statement for document in (*documents, inline) for statement in document["Statement"]]
    assumed = [
        arn for statement in statements if statement["Action"] == "sts:AssumeRole" for arn in statement["Resource"]
    ]
    assert sorted(assumed) == roles


def test_a_token_of_ecr_public_needs_two_permissions_and_no_other() -> None:
    template = make_template(make_content(credentials=[{"registry": "public.ecr.aws"}]))
    assert _statements(template) == [
        _logs(template),
        ("ecr-public:GetAuthorizationToken", "*"),
        (_BEARER, "*"),
        ("eks:DescribeCluster", _DEMO),
    ]
    conditions = [
        statement["Condition"]
        for policy in find_all(template, "AWS::IAM::Policy")
        for statement in policy["PolicyDocument"]["Statement"]
        if "Condition" in statement
    ]
    assert conditions == [{"StringEquals": {"sts:AWSServiceName": "ecr-public.amazonaws.com"}}]
