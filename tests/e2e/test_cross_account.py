"""Clusters in two accounts and two regions, deployed by one app and kept fresh by its schedules.

IAM is enforced. The tests also take each right away from the function in turn.
"""

import base64
import contextlib
import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.local_cloud import binaries, ecr_token
from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.local_cloud.environment import ACCOUNT, REGION
from tests.support.function import REGISTRY
from tests.support.installation import CONFIG_MAP, SECRET, Installation

_OTHER_ACCOUNT, _OTHER_REGION = "222222222222", "eu-west-1"
_CLUSTERS = {"home": (ACCOUNT, REGION), "away": (ACCOUNT, _OTHER_REGION), "theirs": (_OTHER_ACCOUNT, _OTHER_REGION)}
_SETTINGS = {
    "targets": [
        {"cluster": "home"},
        {"cluster": "away", "region": _OTHER_REGION},
        {"cluster": "theirs", "region": _OTHER_REGION, "account": _OTHER_ACCOUNT},
    ],
    "credentials": [{"registry": REGISTRY}],
    "check_every": "1m",
}
_SECONDS_TO_FIRST_RUN = 120


# The words of the error, and what causes it: a target, the action that its role loses, and that role's account.
_RIGHTS = {
    "asked ECR": ("home", "ecr:GetAuthorizationToken", ACCOUNT),
    "asked EKS": ("home", "eks:DescribeCluster", ACCOUNT),
    "cannot assume": ("theirs", "sts:AssumeRole", ACCOUNT),
    "asked EKS for the cluster theirs": ("theirs", "eks:DescribeCluster", _OTHER_ACCOUNT),
}


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """The installation, and the clusters by their names."""

    installation: Installation
    clusters: dict[str, Cluster]


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """Everything is deployed, nothing is invoked by hand."""
    folder = tmp_path_factory.mktemp("accounts")
    with LocalCloud(folder / "cloud") as cloud:
        for name, (account, region) in _CLUSTERS.items():
            cloud.begin_cluster(name, account=account, region=region)
        for account, region in set(_CLUSTERS.values()):
            # Each account trusts the account that deploys.
            cloud.bootstrap(account=account, region=region, trust=ACCOUNT)
        clusters = {
            name: cloud.finish_cluster(name, account=account, region=region)
            for name, (account, region) in _CLUSTERS.items()
        }
        (folder / "settings.yaml").write_text(yaml.safe_dump(_SETTINGS))
        context = {"settings": str(folder / "settings.yaml"), **cloud.cdk_context()}
        installation = Installation(cloud=cloud, cluster=clusters["home"], output=folder / "cdk.out", context=context)
        installation.cdk("synth", "--quiet")
        for name, cluster in clusters.items():
            _apply(cloud, cluster, folder / "cdk.out" / "rbac" / f"{name}.rbac.yaml")
        installation.deploy()
        yield Deployed(installation=installation, clusters=clusters)


def test_the_schedules_keep_the_clusters_of_all_accounts_and_regions_fresh(deployed: Deployed) -> None:
    deadline = time.monotonic() + _SECONDS_TO_FIRST_RUN
    for cluster in deployed.clusters.values():
        while cluster.admin.request("GET", CONFIG_MAP)[0] != 200:
            assert time.monotonic() < deadline, cluster.name
            time.sleep(1)
    for cluster in deployed.clusters.values():
        _, secret = cluster.admin.request("GET", SECRET)
        token = ecr_token.parse(base64.b64decode(secret["data"]["password"]).decode())
        # The function's own role asks for the token, wherever the cluster is: the registry is in its account.
        assert f"::{ACCOUNT}:assumed-role/" in token.caller


def test_the_function_enters_the_clusters_of_all_accounts_by_its_own_role(deployed: Deployed) -> None:
    accounts = {
        name: {
            event["user"]["username"].split(":")[4]
            for event in cluster.audit_events()
            if "assumed-role" in event["user"]["username"]
        }
        for name, cluster in deployed.clusters.items()
    }
    assert accounts == {name: {ACCOUNT} for name in _CLUSTERS}


@pytest.mark.parametrize("words", _RIGHTS)
def test_without_any_one_right_the_run_fails_for_that_reason(words: str, deployed: Deployed) -> None:
    target, action, account = _RIGHTS[words]
    event = {"targets": [target], "force": True}

    with _without(deployed.installation.cloud, action=action, account=account):
        _make_cold(deployed.installation)
        refused = deployed.installation.invoke(event)
    _make_cold(deployed.installation)
    allowed = deployed.installation.invoke(event)

    assert refused.failed
    (result,) = refused.results
    assert words in result["error"]
    assert "AccessDenied" in result["error"]
    assert not allowed.failed, allowed.answer


@contextlib.contextmanager
def _without(cloud: LocalCloud, *, action: str, account: str) -> Iterator[None]:
    """Take this action from the function's role, or from the role that it assumes in this account."""
    iam = cloud.client("iam", account=account)
    before = {}
    for role in iam.list_roles()["Roles"]:
        for name in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]:
            if role["RoleName"].startswith("argo-ecr-auth"):
                policy = iam.get_role_policy(RoleName=role["RoleName"], PolicyName=name)
                before[role["RoleName"], name] = policy["PolicyDocument"]
    taken = {}
    for name, document in before.items():
        rest = [statement for statement in document["Statement"] if statement["Action"] != action]
        if len(rest) < len(document["Statement"]):
            # A policy must have a statement.
            harmless = {"Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*"}
            taken[name] = {**document, "Statement": rest or [harmless]}
    assert len(taken) == 1
    try:
        for (role_name, name), document in taken.items():
            iam.put_role_policy(RoleName=role_name, PolicyName=name, PolicyDocument=json.dumps(document))
        yield
    finally:
        for role_name, name in taken:
            policy = json.dumps(before[role_name, name])
            iam.put_role_policy(RoleName=role_name, PolicyName=name, PolicyDocument=policy)


def _make_cold(installation: Installation) -> None:
    """End the function's environments, with all that they keep, by a change of its configuration."""
    functions, name = installation.cloud.client("lambda"), installation.outputs()["FunctionName"]
    variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    variables["COLD"] = str(int(variables.get("COLD", 0)) + 1)
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})


def _apply(cloud: LocalCloud, cluster: Cluster, manifest: Path) -> None:
    command = [str(binaries.find().kubectl), "apply", "-f", str(manifest)]
    environment = cloud.environment() | {"KUBECONFIG": str(cluster.kubeconfig)}
    subprocess.run(command, env=environment, check=True, capture_output=True)
