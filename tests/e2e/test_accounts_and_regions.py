"""Two accounts, two regions in each, a cluster in each place: one app, everything deployed, done by the schedules."""

import base64
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.conftest import CONFIG_MAP, ROOT, SECRET, path_with_tools
from tests.local_cloud import binaries, ecr_token
from tests.local_cloud.cloud import LocalCloud
from tests.local_cloud.cluster import Cluster

HOME, OTHER = "000000000000", "222222222222"
PLACES = {
    "home": (HOME, "us-east-1"),
    "home-europe": (HOME, "eu-west-1"),
    "other": (OTHER, "us-east-1"),
    "other-europe": (OTHER, "eu-west-1"),
}
SETTINGS = f"""
check_every: 1m
credentials:
  - registry: {HOME}.dkr.ecr.us-east-1.amazonaws.com
targets:
  - cluster: home
  - cluster: home-europe
    region: eu-west-1
  - cluster: other
    account: "{OTHER}"
  - cluster: other-europe
    account: "{OTHER}"
    region: eu-west-1
"""
_A_TICK_AND_A_COLD_START = 150


@dataclass(frozen=True, kw_only=True)
class World:
    """A cloud with a cluster in each place and everything deployed."""

    cloud: LocalCloud
    clusters: dict[str, Cluster]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    (folder / "settings.yaml").write_text(SETTINGS)
    with LocalCloud(folder / "cloud") as cloud:
        for name, (account, region) in PLACES.items():
            cloud.begin_cluster(name, account=account, region=region)
        for account, region in PLACES.values():
            cloud.bootstrap(account=account, region=region, trust=HOME if account != HOME else None)
        clusters = {
            name: cloud.finish_cluster(name, account=account, region=region)
            for name, (account, region) in PLACES.items()
        }
        context = {"settings": str(folder / "settings.yaml"), **cloud.cdk_context()}
        flags = [f"--context={key}={value}" for key, value in context.items()]
        _cdk(cloud, "synth", "--quiet", f"--output={folder / 'cdk.out'}", *flags)
        for name, cluster in clusters.items():
            _apply(cluster, folder / "cdk.out" / "rbac" / f"{name}.rbac.yaml")
        _cdk(cloud, "deploy", "--all", "--require-approval=never", f"--app={folder / 'cdk.out'}")
        yield World(cloud=cloud, clusters=clusters)


def _cdk(cloud: LocalCloud, *arguments: str) -> None:
    done = subprocess.run(
        [ROOT / ".venv/bin/cdk", *arguments],
        cwd=ROOT,
        env=cloud.environment() | path_with_tools(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def _apply(cluster: Cluster, manifest: Path) -> None:
    kubectl = [str(binaries.find().kubectl), f"--kubeconfig={cluster.kubeconfig}"]
    subprocess.run([*kubectl, "apply", "-f", str(manifest)], check=True, capture_output=True)


@pytest.mark.parametrize("place", PLACES)
def test_the_schedule_brings_every_place_its_secret(place: str, world: World) -> None:
    admin = world.clusters[place].admin
    deadline = time.monotonic() + _A_TICK_AND_A_COLD_START
    while admin.request("GET", CONFIG_MAP)[0] != 200:
        assert time.monotonic() < deadline, _log(world.cloud)
        time.sleep(1)

    password = base64.b64decode(admin.request("GET", SECRET)[1]["data"]["password"]).decode()
    token = ecr_token.parse(password)
    assert (token.account, token.region) == (HOME, "us-east-1")


def test_the_other_accounts_clusters_are_reached_as_roles_of_that_account(world: World) -> None:
    users = {
        place: {
            event["user"]["username"]
            for event in cluster.audit_events()
            if event["verb"] == "patch" and event["objectRef"].get("name") == "ecr-auth"
        }
        for place, cluster in world.clusters.items()
    }

    accounts = {place: {user.split(":")[4] for user in names} for place, names in users.items()}
    assert accounts == {place: {account} for place, (account, _) in PLACES.items()}


def test_the_roles_of_the_other_account_want_the_external_id(world: World) -> None:
    iam = world.cloud.client("iam", account=OTHER)
    trusts = [
        role["AssumeRolePolicyDocument"]["Statement"]
        for role in iam.list_roles()["Roles"]
        if "argo-ecr-auth" in role["RoleName"]
    ]

    assert len(trusts) == 2
    for (statement,) in trusts:
        assert statement["Principal"]["AWS"].startswith(f"arn:aws:iam::{HOME}:role/")
        assert "sts:ExternalId" in statement["Condition"]["StringEquals"]


def _log(cloud: LocalCloud) -> str:
    logs = cloud.client("logs")
    groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    events = [event for group in groups for event in logs.filter_log_events(logGroupName=group)["events"]]
    return "\n".join(event["message"] for event in events[-20:])
