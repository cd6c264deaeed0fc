"""What status and doctor say of an installation that does not run by itself."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from argo_ecr_auth.aws.sessions import Sessions
from argo_ecr_auth_cli.deployment import Stack
from argo_ecr_auth_cli.doctor.deployment import check_deployment
from argo_ecr_auth_cli.doctor.report import list_findings
from argo_ecr_auth_cli.own_commands import OwnCommands
from argo_ecr_auth_settings.resolve import resolve_targets
from tests.cli.command_line import CommandLine, make_command_line
from tests.cli.operators import OPERATORS
from tests.cli.stacks import create_stack
from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.support.function import make_settings
from tests.support.objects import Objects


@pytest.fixture
def installation(local_cloud: LocalCloud, role: str, objects: Objects) -> Iterator[str]:
    """The name of an installation's stack of its own, with a schedule for the target demo."""
    name = f"installation-{objects.namespace}"
    create_stack(local_cloud, name, role=role, groups=[["demo"]])
    yield name
    local_cloud.client("cloudformation").delete_stack(StackName=name)


def find_names(command_line: CommandLine, command: str, *arguments: str) -> tuple[int, dict[str, str]]:
    """The exit code, and the findings about the deployment: their names and remedies."""
    done = command_line.run(command, "-o", "json", *arguments)
    found = {finding["finding"]: finding["remedy"] for finding in json.loads(done.stdout)["findings"]}
    return done.returncode, {name: remedy for name, remedy in found.items() if name in _NAMES}


_NAMES = {"not-deployed", "no-schedule", "schedule-disabled", "not-running", "not-checked"}


@pytest.mark.parametrize("command", ["status", "doctor"])
def test_a_destroyed_installation_is_not_healthy(command: str, fresh: CommandLine) -> None:
    code, found = find_names(fresh, command, "--installation", "destroyed")

    assert (code, set(found)) == (1, {"not-deployed"} if command == "status" else {"not-deployed", "not-checked"})
    assert "make deploy" in found["not-deployed"]
    done = fresh.run(command, "--installation", "destroyed")
    assert "the stack destroyed is not deployed in us-east-1" in done.stdout + done.stderr


def test_a_stack_that_nobody_has_created_yet_is_not_deployed(fresh: CommandLine, local_cloud: LocalCloud) -> None:
    """CloudFormation shows it as soon as there is a change set for it, as `cdk deploy` makes one for a review."""
    name = f"reviewed-{uuid4().hex[:8]}"
    template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    local_cloud.client("cloudformation").create_change_set(
        StackName=name, ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=json.dumps(template)
    )

    code, found = find_names(fresh, "status", "--installation", name)

    assert (code, set(found)) == (1, {"not-deployed"})


@pytest.mark.parametrize(
    ("status", "deployed"),
    [("REVIEW_IN_PROGRESS", False), ("ROLLBACK_IN_PROGRESS", False), ("UPDATE_ROLLBACK_IN_PROGRESS", True)],
)
def test_only_the_rollback_of_an_update_leaves_the_function(status: str, deployed: bool) -> None:
    stack = Stack(name="a", region="us-east-1", status=status, changed_at=datetime.now(UTC), outputs={})

    assert stack.is_deployed == deployed


@pytest.mark.parametrize("command", ["status", "doctor"])
def test_a_schedule_that_was_deleted_or_disabled_is_named(
    command: str, fresh: CommandLine, installation: str, local_cloud: LocalCloud
) -> None:
    scheduler = local_cloud.client("scheduler")
    which_schedule = {"Name": f"{installation}-schedule-0", "GroupName": installation}
    schedule = scheduler.get_schedule(**which_schedule)
    which = ["--installation", installation]

    healthy = find_names(fresh, command, *which)[1]
    wanted = ("Name", "GroupName", "ScheduleExpression", "Target", "FlexibleTimeWindow")
    scheduler.update_schedule(**{key: schedule[key] for key in wanted}, State="DISABLED")
    disabled = find_names(fresh, command, *which)
    scheduler.delete_schedule(**which_schedule)
    deleted = find_names(fresh, command, *which)

    assert healthy == {}
    assert (disabled[0], set(disabled[1])) == (1, {"schedule-disabled"})
    assert (deleted[0], set(deleted[1])) == (1, {"no-schedule"})
    assert "enabled: false" in deleted[1]["no-schedule"], "to deploy again restores nothing"


def test_a_target_that_the_deployed_stack_does_not_know_has_no_schedule(
    fresh: CommandLine, installation: str, objects: Objects
) -> None:
    new = {"cluster": "demo", "name": "new", "namespace": "new"}
    fresh.write_settings({"cluster": "demo", "namespace": objects.namespace}, new)

    code, found = find_names(fresh, "status", "new", "--installation", installation)

    assert (code, found["no-schedule"]) == (1, "make deploy")


def test_a_function_that_has_not_run_for_several_ticks_is_named(
    installation: str, fresh: CommandLine, local_cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The schedule fires once a day; in ten days it should have."""
    for name, value in fresh.environment.items():
        monkeypatch.setenv(name, value)
    (target,) = resolve_targets(make_settings({"cluster": "demo"}), region="us-east-1")

    def check(now: datetime) -> list[tuple[str, str]]:
        _, outcomes = check_deployment(
            [target],
            sessions=Sessions(region="us-east-1"),
            installation=installation,
            region="us-east-1",
            is_home=True,
            own_commands=OwnCommands(program=".venv/bin/argo-ecr-auth", options=" --profile mine"),
            now=now,
        )
        return [(finding.name, finding.remedy.partition(" shows ")[0]) for finding in list_findings(outcomes)]

    now = datetime.now(UTC)
    assert check(now) == [], "it was deployed just now"
    invoke = ".venv/bin/argo-ecr-auth invoke --profile mine"
    assert check(now + timedelta(days=10)) == [("not-running", invoke)]
    (stack,) = local_cloud.client("cloudformation").describe_stacks(StackName=installation)["Stacks"]
    function = next(output["OutputValue"] for output in stack["Outputs"] if output["OutputKey"] == "FunctionName")
    assert fresh.run("invoke", "demo", "--function-name", function).returncode == 0
    assert check(now + timedelta(days=5)) == []


def test_without_the_rights_to_look_nothing_is_called_healthy(
    fresh: CommandLine, installation: str, local_cloud: LocalCloud, cluster: Cluster
) -> None:
    describer = local_cloud.create_role("reader-of-clusters", allow=["eks:DescribeCluster"])
    local_cloud.client("eks").create_access_entry(
        clusterName=cluster.name, principalArn=describer, kubernetesGroups=[OPERATORS]
    )
    reader = make_command_line(local_cloud, describer, directory=fresh.directory)

    code, found = find_names(reader, "status", "--installation", installation)

    assert (code, set(found)) == (3, {"not-checked"})


def test_a_stack_of_another_account_proves_nothing(fresh: CommandLine, objects: Objects) -> None:
    """The function may be at home where the credentials are not."""
    fresh.write_settings({"cluster": "demo", "namespace": objects.namespace, "account": "000000000000"})

    code, found = find_names(fresh, "status", "--installation", "elsewhere")

    assert (code, set(found)) == (3, {"not-checked"})
    assert "--profile" in found["not-checked"]


def test_with_a_given_role_a_missing_stack_is_not_checked(fresh: CommandLine, role: str) -> None:
    """The function may be in a stack of another name, and nobody looked whether that one runs."""
    _, found = find_names(fresh, "doctor", "--function-role", role, "--installation", "elsewhere")

    assert set(found) == {"not-checked"}
    assert "--installation" in found["not-checked"]
