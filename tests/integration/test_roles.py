"""Roles of other accounts, to reach a cluster and to ask ECR: two accounts, external ids, IAM enforced."""

import json
from collections.abc import Iterator
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
    cluster: Cluster, namespace: str, reader: str, local_cloud: LocalCloud, make_function: FunctionFactory
) -> None:
    europe = {"registry": REGISTRY.replace("us-east-1", "eu-west-1"), "secret_name": "europe"}
    credentials = [
        {"registry": REGISTRY, "secret_name": "own"},
        europe,
        *make_credentials(reader, "theirs", "theirs-2"),
    ]
    function = make_function(make_settings({"cluster": "demo", "namespace": namespace, "credentials": credentials}))
    grant(cluster.admin, *function.targets)
    requests = len(local_cloud.requests())

    results = function.run()

    asked = [f"{request['service']}:{request['action']}" for request in local_cloud.requests()[requests:]]
    tokens = [
        ecr_token.parse(Objects(admin=cluster.admin, namespace=namespace, name=credential["secret_name"]).password)
        for credential in credentials
    ]
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
    cluster: Cluster, namespace: str, reader: str, local_cloud: LocalCloud, make_function: FunctionFactory
) -> None:
    """Its ARN is the same, and the tokens of the earlier role are worth nothing."""
    credentials = make_credentials(reader, "theirs")
    function = make_function(make_settings({"cluster": "demo", "namespace": namespace, "credentials": credentials}))
    grant(cluster.admin, *function.targets)
    function.run()
    objects = Objects(admin=cluster.admin, namespace=namespace, name="theirs")
    role_id = local_cloud.client("iam", account=OTHER).get_role(RoleName="reader")["Role"]["RoleId"]
    source = f"{THERE} as {reader} {role_id}"
    assert objects.require("configmaps")["metadata"]["annotations"]["argo-ecr-auth/token-source"] == source

    rewrite_source(objects, f"{THERE} as {reader} AROABEFORE")
    (result,) = function.run()

    assert (result.action, result.error) == ("repaired", None)
    assert "the role before it was recreated" in str(result.reason)
    assert objects.require("configmaps")["metadata"]["annotations"]["argo-ecr-auth/token-source"] == source


def test_a_warm_run_assumes_no_role_again(
    cluster: Cluster, namespace: str, reader: str, local_cloud: LocalCloud, make_function: FunctionFactory
) -> None:
    settings = make_settings(
        {"cluster": "demo", "namespace": namespace, "credentials": make_credentials(reader, "theirs")}
    )
    function = make_function(settings)
    grant(cluster.admin, *function.targets)
    function.run()
    requests = len(local_cloud.requests())

    function.run(force=True)

    asked = [request["service"] for request in local_cloud.requests()[requests:]]
    assert asked == ["ecr"]


def test_a_wrong_external_id_is_told_with_the_role_and_both_sides_policies(
    cluster: Cluster, namespace: str, reader: str, make_function: FunctionFactory
) -> None:
    credentials = make_credentials(reader, "theirs", external_id="another-one")
    function = make_function(make_settings({"cluster": "demo", "namespace": namespace, "credentials": credentials}))
    grant(cluster.admin, *function.targets)

    error = str(function.result().error)

    told = (reader, "AccessDenied", "another-one", "trust policy", "sts:AssumeRole")
    assert [words for words in told if words not in error] == []


@pytest.fixture(scope="module")
def roles(reader: str, second_reader: str) -> dict[str, str]:
    """The role of each of three credentials."""
    return {"one": reader, "two": reader, "three": second_reader}


def test_two_roles_of_two_accounts_have_a_token_each(
    cluster: Cluster,
    namespace: str,
    roles: dict[str, str],
    local_cloud: LocalCloud,
    make_function: FunctionFactory,
) -> None:
    credentials = [make_credentials(role_arn, name)[0] for name, role_arn in roles.items()]
    function = make_function(make_settings({"cluster": "demo", "namespace": namespace, "credentials": credentials}))
    grant(cluster.admin, *function.targets)
    requests = len(local_cloud.requests())

    function.run()

    asked = [f"{request['service']}:{request['action']}" for request in local_cloud.requests()[requests:]]
    accounts = [
        ecr_token.parse(Objects(admin=cluster.admin, namespace=namespace, name=name).password).account for name in roles
    ]
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

    told = (f"cannot assume {gate}", "AccessDenied", "another-one", "trust policy", "sts:AssumeRole")
    assert [words for words in told if words not in error] == []


def test_an_sts_that_does_not_answer_is_told_as_such(
    cluster: Cluster,
    namespace: str,
    reader: str,
    make_function: FunctionFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    credentials = make_credentials(reader, "theirs")
    function = make_function(make_settings({"cluster": "demo", "namespace": namespace, "credentials": credentials}))
    grant(cluster.admin, *function.targets)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")

    error = str(function.result().error)

    assert error.startswith(f"asked STS for the role {reader}: ")
