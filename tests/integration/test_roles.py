"""Roles of other accounts, to reach a cluster and to ask ECR: two accounts, external ids, IAM enforced."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.local_cloud import ecr_token
from tests.local_cloud.cloud import LocalCloud
from tests.local_cloud.cluster import Cluster
from tests.support.function import REGISTRY, FunctionFactory, admit, grant, make_settings
from tests.support.objects import Objects
from tests.support.rewritten import rewrite_source

OTHER, THIRD = "222222222222", "333333333333"
EXTERNAL_ID = "argo-ecr-auth-tests"
THERE = f"{OTHER}.dkr.ecr.us-east-1.amazonaws.com"


@pytest.fixture(scope="module")
def reader(local_cloud: LocalCloud, role: str) -> str:
    """A role in the registry's account that the function's role may assume, with an external id."""
    theirs = [f"arn:aws:iam::{account}:role/*" for account in (OTHER, THIRD)]
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": theirs}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    local_cloud.client("iam").put_role_policy(
        RoleName=role.rpartition("/")[2], PolicyName="assume", PolicyDocument=json.dumps(policy)
    )
    return local_cloud.create_role(
        "reader", account=OTHER, allow=["ecr:GetAuthorizationToken"], trusted=role, external_id=EXTERNAL_ID
    )


@pytest.fixture(scope="module")
def second_reader(local_cloud: LocalCloud, role: str, reader: str) -> str:
    return local_cloud.create_role(
        "second-reader", account=THIRD, allow=["ecr:GetAuthorizationToken"], trusted=role, external_id=EXTERNAL_ID
    )


def make_credentials(role_arn: str, *names: str, external_id: str = EXTERNAL_ID) -> list[dict[str, Any]]:
    return [
        {"registry": THERE, "secret_name": name, "role_arn": role_arn, "external_id": external_id} for name in names
    ]


def test_each_secret_holds_the_token_of_its_own_role_and_region(
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


def test_a_warm_run_assumes_no_role_again(
    reader: str, local_cloud: LocalCloud, make_function_with: FunctionFactory
) -> None:
    function = make_function_with(*make_credentials(reader, "theirs"))
    function.run()
    requests = len(local_cloud.requests())

    function.run(force=True)

    assert [request["service"] for request in local_cloud.requests()[requests:]] == ["ecr"]


REFUSED = ("AccessDenied", "another-one", "trust policy", "sts:AssumeRole")


def test_a_wrong_external_id_is_told_with_the_role_and_both_sides_policies(
    reader: str, make_function_with: FunctionFactory
) -> None:
    error = str(make_function_with(*make_credentials(reader, "theirs", external_id="another-one")).result().error)

    assert [words for words in (reader, *REFUSED) if words not in error] == []


def test_two_roles_of_two_accounts_have_a_token_each(
    objects: Objects, reader: str, second_reader: str, local_cloud: LocalCloud, make_function_with: FunctionFactory
) -> None:
    function = make_function_with(*make_credentials(reader, "one", "two"), *make_credentials(second_reader, "three"))
    requests = len(local_cloud.requests())

    function.run()

    asked = [f"{request['service']}:{request['action']}" for request in local_cloud.requests()[requests:]]
    accounts = [ecr_token.parse(replace(objects, name=name).password).account for name in ("one", "two", "three")]
    assert accounts == [OTHER, OTHER, THIRD]
    assert (asked.count("ecr:GetAuthorizationToken"), asked.count("sts:AssumeRole")) == (2, 2)


@pytest.fixture(scope="module")
def abroad(local_cloud: LocalCloud) -> Iterator[Cluster]:
    """A cluster of a third account, which has an entry for nobody."""
    with local_cloud.run_cluster("abroad", account=THIRD) as cluster:
        yield cluster


def gate_to(local_cloud: LocalCloud, name: str, *, role: str) -> str:
    """A role of the third account that describes its clusters, for the function's role to assume."""
    return local_cloud.create_role(
        name, account=THIRD, allow=["eks:DescribeCluster"], trusted=role, external_id=EXTERNAL_ID
    )


def target_behind(gate: str, *, external_id: str = EXTERNAL_ID) -> dict[str, Any]:
    return {"cluster": "abroad", "account": THIRD, "role_arn": gate, "external_id": external_id}


def test_a_cluster_of_another_account_is_described_through_its_role_and_entered_by_the_functions_own(
    abroad: Cluster, local_cloud: LocalCloud, role: str, reader: str, make_function: FunctionFactory
) -> None:
    gate = gate_to(local_cloud, "gate", role=role)
    admit(local_cloud, abroad, role)
    function = make_function(make_settings(target_behind(gate)))
    grant(abroad.admin, *function.targets)

    result = function.result()

    token = ecr_token.parse(Objects(admin=abroad.admin, namespace="argocd").password)
    assert (result.action, result.error) == ("created", None)
    assert token.account == "000000000000", "the function's own role asks ECR"


def test_a_wrong_external_id_of_a_clusters_role_is_told_as_well(
    abroad: Cluster, local_cloud: LocalCloud, role: str, reader: str, make_function: FunctionFactory
) -> None:
    gate = gate_to(local_cloud, "closed-gate", role=role)

    error = str(make_function(make_settings(target_behind(gate, external_id="another-one"))).result().error)

    assert [words for words in (f"cannot assume {gate}", *REFUSED) if words not in error] == []


def test_an_sts_that_does_not_answer_is_told_as_such(
    reader: str, make_function_with: FunctionFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = make_function_with(*make_credentials(reader, "theirs"))
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")

    assert str(function.result().error).startswith(f"asked STS for the role {reader}: ")
