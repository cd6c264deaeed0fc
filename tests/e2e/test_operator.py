"""Who created the cluster looks at an installation: `status` and `doctor`, as after `make up` and `make deploy`."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.cli.command_line import CommandLine, make_command_line_with
from tests.cli.doctor import create_secret
from tests.local_cloud.__main__ import SETTINGS
from tests.local_cloud.cloud import LocalCloud
from tests.support.function import REGISTRY
from tests.support.installation import CONFIG_MAP, INSTALLATION, SECRET, Installation
from tests.support.objects import Objects

_RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces/argocd"


@dataclass(frozen=True, kw_only=True)
class Operated:
    """An installation with the command line of the operator who created its cluster."""

    installation: Installation
    command_line: CommandLine

    def delete(self, path: str) -> None:
        status, answer = self.installation.cluster.admin.request("DELETE", path)
        assert status == 200, answer

    @property
    def eks(self) -> Any:
        return self.installation.cloud.client("eks")

    @property
    def schedules(self) -> Any:
        return self.installation.cloud.client("scheduler")

    def disable_schedule(self) -> None:
        (group,) = [
            each["Name"] for each in self.schedules.list_schedule_groups()["ScheduleGroups"] if "argo" in each["Name"]
        ]
        (one,) = self.schedules.list_schedules(GroupName=group)["Schedules"]
        found = self.schedules.get_schedule(Name=one["Name"], GroupName=group)
        kept = {key: found[key] for key in ("Name", "GroupName", "ScheduleExpression", "FlexibleTimeWindow", "Target")}
        self.schedules.update_schedule(**kept, State="DISABLED")


@pytest.fixture(scope="module")
def operated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operated]:
    folder = tmp_path_factory.mktemp("operated")
    (folder / "settings.yaml").write_text(SETTINGS)
    with LocalCloud(folder / "cloud") as cloud:
        operator = cloud.create_operator()
        cluster = cloud.create_cluster("demo", creator=operator)
        cloud.bootstrap()
        context = {"settings": str(folder / "settings.yaml"), **cloud.cdk_context()}
        installation = Installation(cloud=cloud, cluster=cluster, output=folder / "cdk.out", context=context)
        installation.cdk("synth", "--quiet")
        installation.apply_manifests()
        installation.cdk("deploy", "--all", "--require-approval=never")
        assert not installation.invoke({}).failed
        yield Operated(
            installation=installation, command_line=make_command_line_with(cloud, operator, directory=folder)
        )


def test_status_shows_every_credential_fresh_with_its_life_left(operated: Operated) -> None:
    done = operated.command_line.run("status", "-o", "json")

    shown = json.loads(done.stdout)
    assert (done.returncode, shown["findings"]) == (0, [])
    assert [(each["state"], each["healthy"]) for each in shown["results"]] == [("fresh", True)] * 3
    assert shown["results"][0]["seconds_to_expiry"] > 42_000


def test_doctor_finds_nothing(operated: Operated) -> None:
    done = operated.command_line.run("doctor")

    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("\n\nnothing is wrong with demo\n")


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
