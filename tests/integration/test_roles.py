"""A role of another account to ask ECR, with an external id and IAM enforced. For a cluster: tests/e2e."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.local_cloud import ecr_token
from tests.local_cloud.cloud import LocalCloud
from tests.support.function import REGISTRY, FunctionFactory
from tests.support.objects import Objects
from tests.support.rewritten import rewrite_source

OTHER = "222222222222"
EXTERNAL_ID = "argo-ecr-auth-tests"
THERE = f"{OTHER}.dkr.ecr.us-east-1.amazonaws.com"


@pytest.fixture(scope="module")
def reader(local_cloud: LocalCloud, role: str) -> str:
    """A role in the registry's account that the function's role may assume, with an external id."""
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": f"arn:aws:iam::{OTHER}:role/*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    local_cloud.client("iam").put_role_policy(
        RoleName=role.rpartition("/")[2], PolicyName="assume", PolicyDocument=json.dumps(policy)
    )
    return local_cloud.create_role(
        "reader", account=OTHER, allow=["ecr:GetAuthorizationToken"], trusted=role, external_id=EXTERNAL_ID
    )


def make_credentials(role_arn: str, *names: str, external_id: str = EXTERNAL_ID) -> list[dict[str, Any]]:
    return [
        {"registry": THERE, "secret_name": name, "role_arn": role_arn, "external_id": external_id} for name in names
    ]


def test_each_secret_holds_the_token_of_its_own_role_and_region_and_a_warm_run_assumes_no_role_again(
    objects: Objects, reader: str, local_cloud: LocalCloud, make_function_with: FunctionFactory
) -> None:
    credentials = [
        {"registry": REGISTRY, "secret_name": "own"},
        {"registry": REGISTRY.replace("us-east-1", "eu-west-1"), "secret_name": "europe"},
        *make_credentials(reader, "theirs", "theirs-2"),
    ]
    function = make_function_with(*credentials)
    requests = len(local_cloud.requests())

    results = function.run()

    asked = [f"{request['service']}:{request['action']}" for request in local_cloud.requests()[requests:]]
    tokens = [ecr_token.parse(replace(objects, name=credential["secret_name"]).password) for credential in credentials]
    assert [result.error for result in results] == [None] * 4
    assert [(token.account, token.region) for token in tokens] == [
        ("000000000000", "us-east-1"),
        ("000000000000", "eu-west-1"),
        (OTHER, "us-east-1"),
        (OTHER, "us-east-1"),
    ]
    assert tokens[2] == tokens[3]
    assert tokens[2].caller == f"arn:aws:sts::{OTHER}:assumed-role/reader/argo-ecr-auth"
    assert asked.count("ecr:GetAuthorizationToken") == 3
    assert asked.count("sts:AssumeRole") == 1

    requests = len(local_cloud.requests())
    function.run(force=True)
    assert [request["service"] for request in local_cloud.requests()[requests:]] == ["ecr"] * 3


def test_a_recreated_role_asks_for_a_new_token(
    objects: Objects, reader: str, local_cloud: LocalCloud, make_function_with: FunctionFactory
) -> None:
    """Its ARN is the same, and the tokens of the earlier role are worth nothing."""
    function = make_function_with(*make_credentials(reader, objects.name))
    function.run()
    role_id = local_cloud.client("iam", account=OTHER).get_role(RoleName="reader")["Role"]["RoleId"]
    source = f"{THERE} as {reader} {role_id}"
    assert objects.require("configmaps")["metadata"]["annotations"]["argo-ecr-auth/token-source"] == source

    rewrite_source(objects, f"{THERE} as {reader} AROABEFORE")
    (result,) = function.run()

    assert (result.action, result.error) == ("repaired", None)
    assert "the role before it was recreated" in str(result.reason)
    assert objects.require("configmaps")["metadata"]["annotations"]["argo-ecr-auth/token-source"] == source


def test_a_wrong_external_id_is_told_with_the_role_and_both_sides_policies(
    reader: str, make_function_with: FunctionFactory
) -> None:
    error = str(make_function_with(*make_credentials(reader, "theirs", external_id="another-one")).result().error)

    expected = (reader, "AccessDenied", "another-one", "trust policy", "sts:AssumeRole")
    assert [words for words in expected if words not in error] == []
