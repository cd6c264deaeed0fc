"""What the function's role may do: each statement is spelled out, so that a wider one fails here."""

from typing import Any

from aws_cdk.assertions import Template

from tests.infra.synthesis import REGISTRY, settings_of, template_of

_PULL = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
    "ecr:ListImages",
]
_DEMO = "arn:aws:eks:eu-west-1:111111111111:cluster/demo"
_ROLE = "arn:aws:iam::333333333333:role/made-by-hand"


def _statements(template: Template) -> list[tuple[Any, Any]]:
    policies = template.find_resources("AWS::IAM::Policy")
    (policy,) = (one for name, one in policies.items() if name.startswith("EcrAuthRole"))
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    assert all(statement["Effect"] == "Allow" and "Condition" not in statement for statement in statements)
    return [(statement["Action"], statement["Resource"]) for statement in statements]


def _logs(template: Template) -> tuple[Any, Any]:
    (log_group,) = template.find_resources("AWS::Logs::LogGroup")
    return (["logs:CreateLogStream", "logs:PutLogEvents"], {"Fn::GetAtt": [log_group, "Arn"]})


def test_the_function_may_log_get_a_token_that_pulls_and_describe_its_cluster() -> None:
    template = template_of(settings_of())
    assert _statements(template) == [
        _logs(template),
        ("ecr:GetAuthorizationToken", "*"),
        (_PULL, "arn:aws:ecr:eu-central-1:222222222222:repository/*"),
        ("eks:DescribeCluster", _DEMO),
    ]


def test_its_role_has_no_other_policies() -> None:
    for role in template_of(settings_of()).find_resources("AWS::IAM::Role").values():
        assert "ManagedPolicyArns" not in role["Properties"]
        assert "Policies" not in role["Properties"]


def test_a_cluster_whose_address_is_given_is_not_described() -> None:
    authority = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg=="
    target = {"cluster": "demo", "endpoint": "https://demo.example", "certificate_authority": authority}
    assert "eks:DescribeCluster" not in str(_statements(template_of(settings_of(targets=[target]))))


def test_a_role_for_the_cluster_is_assumed_and_does_the_describing() -> None:
    template = template_of(settings_of(targets=[{"cluster": "demo", "role_arn": _ROLE}]))
    assert ("sts:AssumeRole", _ROLE) in _statements(template)
    assert "eks:" not in str(_statements(template))


def test_a_role_for_the_registry_is_assumed_and_has_the_rights_to_pull() -> None:
    template = template_of(settings_of(credentials=[{"registry": REGISTRY, "role_arn": _ROLE}]))
    assert _statements(template) == [
        _logs(template),
        ("eks:DescribeCluster", _DEMO),
        ("sts:AssumeRole", _ROLE),
    ]


def test_the_registrys_partition_region_and_account_are_its_hosts() -> None:
    china = "444444444444.dkr.ecr.cn-north-1.amazonaws.com.cn"
    template = template_of(settings_of(credentials=[{"registry": china}]), region="cn-north-1")
    assert (_PULL, "arn:aws-cn:ecr:cn-north-1:444444444444:repository/*") in _statements(template)
