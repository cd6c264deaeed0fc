"""Clusters in two accounts and three regions, deployed by one app and kept fresh by its schedules.

Two of them are tagged and discovered. The owner of one creates its access entry, without an access stack. IAM is
enforced. The tests also take each right away from the function in turn.
"""

import base64
import contextlib
import json
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.command_line import CommandLine, make_command_line_with
from tests.local_cloud import binaries, ecr_token
from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.local_cloud.environment import ACCOUNT, REGION
from tests.support.function import REGISTRY
from tests.support.installation import CONFIG_MAP, ROOT, SECRET, Installation

_OTHER_ACCOUNT, _OTHER_REGION, _THIRD_REGION = "222222222222", "eu-west-1", "eu-central-1"
_CLUSTERS = {
    "home": (ACCOUNT, REGION),
    "away": (ACCOUNT, _OTHER_REGION),
    "owned": (ACCOUNT, _THIRD_REGION),
    "theirs": (_OTHER_ACCOUNT, _OTHER_REGION),
}
_TAG = {"argo-ecr-auth/profile": "base"}
_TAGGED = ("owned", "theirs")
_CREDENTIALS = [{"registry": REGISTRY}]
_SETTINGS = {
    "targets": [{"cluster": "home"}, {"cluster": "away", "region": _OTHER_REGION}],
    "clusters": "clusters.yaml",
    "profiles": {
        "base": {
            "credentials": _CREDENTIALS,
            "allowed": {
                "accounts": [ACCOUNT, _OTHER_ACCOUNT],
                "regions": [REGION, _OTHER_REGION, _THIRD_REGION],
                "clusters": list(_TAGGED),
            },
        }
    },
    "credentials": _CREDENTIALS,
    "check_every": "1m",
}
_SECONDS_TO_FIRST_RUN = 120


# The words of the error, and what causes it: a target, the action that its role loses, and that role's account.
_PERMISSIONS = {
    "cannot get an authorization token from ECR": ("home", "ecr:GetAuthorizationToken", ACCOUNT),
    "cannot find the API server of the EKS cluster home": ("home", "eks:DescribeCluster", ACCOUNT),
    "cannot assume": ("theirs", "sts:AssumeRole", ACCOUNT),
    "cannot find the API server of the EKS cluster theirs": ("theirs", "eks:DescribeCluster", _OTHER_ACCOUNT),
}


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """The installation, and the clusters by their names."""

    installation: Installation
    clusters: dict[str, Cluster]
    command_line: CommandLine

    def discover(self, *options: str) -> list[dict[str, Any]]:
        """The changes, which are written."""
        role = ("--role", "discover", "--external-id", "discovery")
        done = self.command_line.run("settings", "discover", "--write", "-o", "json", *role, *options)
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        assert answer["not_read"] == []
        return list(answer["changes"])

    def set_tag(self, cluster: Cluster, *, tagged: bool) -> None:
        eks = self.installation.cloud.client("eks", account=cluster.account, region=cluster.region)
        arn = eks.describe_cluster(name=cluster.name)["cluster"]["arn"]
        if tagged:
            eks.tag_resource(resourceArn=arn, tags=_TAG)
        else:
            eks.untag_resource(resourceArn=arn, tagKeys=list(_TAG))


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """Everything is deployed, nothing is invoked by hand."""
    folder = tmp_path_factory.mktemp("accounts")
    with LocalCloud(folder / "cloud") as cloud:
        for name, (account, region) in _CLUSTERS.items():
            cloud.begin_cluster(name, account=account, region=region)
        for account, region in {place for name, place in _CLUSTERS.items() if name != "owned"}:
            # Each account trusts the account that deploys.
            cloud.bootstrap(account=account, region=region, trust=ACCOUNT)
        clusters = {
            name: cloud.finish_cluster(name, account=account, region=region)
            for name, (account, region) in _CLUSTERS.items()
        }
        (folder / "settings.yaml").write_text(yaml.safe_dump(_SETTINGS))
        context = {"settings": str(folder / "settings.yaml"), **cloud.cdk_context()}
        installation = Installation(cloud=cloud, cluster=clusters["home"], output=folder / "cdk.out", context=context)
        command_line = make_command_line_with(
            cloud, {"AccessKeyId": ACCOUNT, "SecretAccessKey": "anything"}, directory=folder
        )
        deployed = Deployed(installation=installation, clusters=clusters, command_line=command_line)
        _discover(deployed)
        installation.cdk("synth", "--quiet")
        for name, cluster in clusters.items():
            _apply(cloud, cluster, folder / "cdk.out" / "rbac" / f"{name}.rbac.yaml")
        installation.deploy()
        _let_in(deployed, clusters["owned"])
        yield deployed


def _discover(deployed: Deployed) -> None:
    """Add the tagged clusters to the settings. In the review, the owner's access is chosen for one of them."""
    deployed.installation.cloud.create_role(
        "discover",
        account=_OTHER_ACCOUNT,
        allow=("eks:ListClusters", "eks:DescribeCluster"),
        trusted=f"arn:aws:iam::{ACCOUNT}:root",
        external_id="discovery",
    )
    for name in _TAGGED:
        deployed.set_tag(deployed.clusters[name], tagged=True)
    changes = {(change["change"], change["cluster"], change["profile"]) for change in deployed.discover()}
    assert changes == {("added", name, "base") for name in _TAGGED}
    file = deployed.command_line.directory / "clusters.yaml"
    file.write_text(file.read_text().replace("{cluster: owned,", "{cluster: owned, access: none,"))


def _let_in(deployed: Deployed, cluster: Cluster) -> None:
    """Create what is in the template for the owners of clusters."""
    cloudformation = deployed.installation.cloud.client(
        "cloudformation", account=cluster.account, region=cluster.region
    )
    parameters = {"Cluster": cluster.name, "FunctionRole": deployed.installation.outputs()["FunctionRole"]}
    cloudformation.create_stack(
        StackName="access",
        TemplateBody=(ROOT / "docs/examples/cluster/access-entry.yaml").read_text(),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )
    cloudformation.get_waiter("stack_create_complete").wait(StackName="access", WaiterConfig={"Delay": 1})


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


@pytest.mark.parametrize("words", _PERMISSIONS)
def test_without_any_one_right_the_run_fails_for_that_reason(words: str, deployed: Deployed) -> None:
    target, action, account = _PERMISSIONS[words]
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


def test_the_cluster_of_an_owner_has_no_access_stack(deployed: Deployed) -> None:
    templates = [file.read_text() for file in deployed.installation.output.glob("*.template.json")]
    entered = {name for template in templates for name in re.findall('"ClusterName": "([a-z]+)"', template)}
    assert entered == {*_CLUSTERS} - {"owned"}


def test_a_cluster_without_its_tag_is_removed_and_the_deployment_asks(deployed: Deployed) -> None:
    deployed.set_tag(deployed.clusters["owned"], tagged=False)

    (change,) = deployed.discover("--allow-removals")
    stopped = deployed.installation.make("deploy")

    assert (change["change"], change["cluster"]) == ("removed", "owned")
    assert "owned: removed, nothing will renew its tokens" in stopped.stdout
    assert "add --yes" in stopped.stderr
    assert stopped.returncode == 1


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
