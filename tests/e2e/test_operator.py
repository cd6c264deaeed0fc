"""Who created the cluster deploys an installation, looks at it and removes it, as after `make up`."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command_line import CommandLine, make_command_line_with
from tests.cli.doctor import create_secret
from tests.local_cloud.__main__ import SETTINGS
from tests.local_cloud.cloud import LocalCloud
from tests.local_cloud.environment import ACCOUNT, REGION
from tests.support.function import REGISTRY
from tests.support.installation import CONFIG_MAP, INSTALLATION, ROOT, SECRET, Installation, make_tool_path
from tests.support.objects import Objects

_ONE_SECRET = ("-c", "cluster=demo", "-c", f"registry={REGISTRY}")  # instead of the three of the settings
_RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces/argocd"


@dataclass(frozen=True, kw_only=True)
class Operated:
    """An installation with the command line of the operator who created its cluster."""

    installation: Installation
    command_line: CommandLine

    def make(self, target: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Run the program of `make deploy` or `make destroy`, with the real CDK CLI and no terminal."""
        cloud = self.installation.cloud
        context = [f"--context={key}={value}" for key, value in cloud.cdk_context().items()]
        output = f"--output={self.installation.output}"
        key = {name: self.command_line.environment[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
        return subprocess.run(
            [sys.executable, "-m", "argo_ecr_auth_deploy.steps", target, output, *context, *options],
            cwd=ROOT,
            env=cloud.environment() | make_tool_path() | key,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def delete(self, path: str) -> None:
        status, answer = self.installation.cluster.admin.request("DELETE", path)
        assert status == 200, answer

    @property
    def eks(self) -> Any:
        return self.installation.cloud.client("eks")

    @property
    def schedules(self) -> Any:
        return self.installation.cloud.client("scheduler")

    def find_schedule(self) -> Any:
        (group,) = [
            each["Name"] for each in self.schedules.list_schedule_groups()["ScheduleGroups"] if "argo" in each["Name"]
        ]
        (one,) = self.schedules.list_schedules(GroupName=group)["Schedules"]
        return self.schedules.get_schedule(Name=one["Name"], GroupName=group)

    def disable_schedule(self) -> None:
        found = self.find_schedule()
        kept = {key: found[key] for key in ("Name", "GroupName", "ScheduleExpression", "FlexibleTimeWindow", "Target")}
        self.schedules.update_schedule(**kept, State="DISABLED")

    def delete_schedule(self) -> None:
        found = self.find_schedule()
        self.schedules.delete_schedule(Name=found["Name"], GroupName=found["GroupName"])


@pytest.fixture(scope="module")
def operated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operated]:
    folder = tmp_path_factory.mktemp("operated")
    # No run but those by hand, which nothing then overlaps.
    (folder / "settings.yaml").write_text(SETTINGS.replace("check_every: 1m", "check_every: 30m"))
    with LocalCloud(folder / "cloud") as cloud:
        operator = cloud.create_operator()
        cloud.begin_cluster("demo", creator=operator)
        cloud.bootstrap()
        cluster = cloud.finish_cluster("demo")
        context = {"settings": str(folder / "settings.yaml"), **cloud.cdk_context()}
        installation = Installation(cloud=cloud, cluster=cluster, output=folder / "cdk.out", context=context)
        operated = Operated(
            installation=installation, command_line=make_command_line_with(cloud, operator, directory=folder)
        )
        done = operated.make("deploy", "-c", f"settings={context['settings']}")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "\n  demo: new, writes argocd/ecr-auth, argocd/ecr-auth-helm, argocd/ecr-auth-oci\n" in done.stdout
        installation.apply_manifests()
        assert not installation.invoke({}).failed
        yield operated


def test_status_shows_every_credential_fresh_with_its_life_left(operated: Operated) -> None:
    done = operated.command_line.run("status", "-o", "json")

    shown = json.loads(done.stdout)
    assert (done.returncode, shown["findings"]) == (0, []), shown["results"]
    assert [(each["state"], each["healthy"]) for each in shown["results"]] == [("fresh", True)] * 3
    assert shown["results"][0]["seconds_to_expiry"] > 42_000


def test_doctor_finds_nothing(operated: Operated) -> None:
    done = operated.command_line.run("doctor")

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("\n\nnothing is wrong with demo\n")


def test_accounts_clusters_and_regions_to_which_nothing_can_be_deployed_are_reported_at_once(
    operated: Operated, tmp_path: Path
) -> None:
    account = "333333333333"
    targets = [{"cluster": "demo", "region": "eu-west-1"}, {"cluster": "away", "account": account}]
    settings = tmp_path / "settings.yaml"
    settings.write_text(json.dumps({"credentials": [{"registry": REGISTRY}], "targets": targets}))
    done = operated.make("deploy", "-c", f"settings={settings}")

    assert done.returncode == 1
    region, other, cluster = done.stderr.splitlines()
    assert region.endswith(f"in eu-west-1: make bootstrap ARGS=aws://{ACCOUNT}/eu-west-1")
    assert other.startswith(f"cannot assume arn:aws:iam::{account}:role/cdk-hnb659fds-deploy-role-{account}-{REGION}: ")
    assert cluster.startswith("there is no EKS cluster demo in eu-west-1")


def _shadow(operated: Operated) -> None:
    objects = Objects(admin=operated.installation.cluster.admin, namespace="argocd")
    create_secret(objects, "older", kind="repository", url=REGISTRY, username="AWS", password="expired")


def _remove_entry(operated: Operated) -> None:
    (principal,) = [
        arn for arn in operated.eks.list_access_entries(clusterName="demo")["accessEntries"] if ":role/argo-ecr" in arn
    ]
    operated.eks.delete_access_entry(clusterName="demo", principalArn=principal)


# In this order: each is left, and its name joins those of the earlier ones.
_DAMAGES: dict[str, Callable[[Operated], None]] = {
    "shadowed": _shadow,
    "schedule-disabled": Operated.disable_schedule,
    "no-role-binding": lambda operated: operated.delete(f"{_RBAC}/rolebindings/{INSTALLATION}"),
    "no-role": lambda operated: operated.delete(f"{_RBAC}/roles/{INSTALLATION}"),
    "no-access-entry": _remove_entry,
}


@pytest.mark.parametrize("finding", _DAMAGES)
def test_doctor_finds_each_damage_by_its_name(finding: str, operated: Operated) -> None:
    _DAMAGES[finding](operated)

    done = operated.command_line.run("doctor", "-o", "json")

    found = [each["finding"] for each in json.loads(done.stdout)["findings"]]
    assert done.returncode == 1
    assert finding in found


@pytest.mark.parametrize("path", [SECRET, CONFIG_MAP])
def test_status_finds_an_object_that_is_gone(path: str, operated: Operated) -> None:
    operated.delete(path)

    done = operated.command_line.run("status", "-o", "json")

    (result,) = [each for each in json.loads(done.stdout)["results"] if each["secret"] == "argocd/ecr-auth"]
    assert (done.returncode, result["healthy"]) == (1, False)
    assert result["state"] in {"to repair", "missing"}


def test_a_deleted_schedule_is_recreated_by_the_remedy_that_a_deployment_prints(
    operated: Operated, tmp_path: Path
) -> None:
    operated.delete_schedule()
    disabled = tmp_path / "settings.yaml"
    disabled.write_text(SETTINGS.replace("cluster: demo", "cluster: demo\n    enabled: false"))
    settings = operated.installation.context["settings"]

    refused = operated.make("deploy", "-c", f"settings={settings}")
    first = operated.make("deploy", "-c", f"settings={disabled}", "--yes")
    second = operated.make("deploy", *_ONE_SECRET, "--yes")

    (line,) = refused.stderr.splitlines()
    assert line.startswith("the schedule of demo was deleted")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "  demo: disabled, nothing will renew its tokens; the first one expires " in first.stdout
    assert "every target is disabled" in first.stdout
    assert second.returncode == 0, second.stdout + second.stderr
    assert "  demo: enabled, no longer writes argocd/ecr-auth-helm, argocd/ecr-auth-oci\n" in second.stdout
    secrets = "secret/ecr-auth-helm configmap/ecr-auth-helm secret/ecr-auth-oci configmap/ecr-auth-oci"
    assert second.stdout.endswith(f"\n  kubectl -n argocd delete --ignore-not-found {secrets}\n")
    assert operated.find_schedule()["State"] == "ENABLED"


def test_destroy_needs_one_confirmation(operated: Operated) -> None:
    refused = operated.make("destroy", *_ONE_SECRET)
    done = operated.make("destroy", *_ONE_SECRET, "--yes")

    assert refused.returncode == 1
    assert "  demo: removed, nothing will renew its tokens; " in refused.stdout
    assert done.returncode == 0, done.stdout + done.stderr
    assert "secret/ecr-auth configmap/ecr-auth\n" in done.stdout
