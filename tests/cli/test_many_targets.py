"""Many targets: one line sums them up, and what is wrong is on top."""

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from argo_ecr_auth_cli.doctor.check_context import Finding, Outcome
from argo_ecr_auth_cli.doctor.report import print_report
from tests.cli.command_line import CREDENTIAL, CommandLine
from tests.cli.stacks import write_log
from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.support.function import FunctionFactory, grant, make_settings
from tests.support.objects import Objects

_APPLY = "argo-ecr-auth rbac abroad | kubectl apply -f -"
_PLACE = "--cluster-name demo --region us-east-1 --principal-arn {role}"
_ABROAD = {"name": "abroad", "cluster": "demo", "account": "222222222222"}


@pytest.fixture
def four(doctor: CommandLine, cluster: Cluster, make_function: FunctionFactory) -> CommandLine:
    """With four targets: two fresh ones around one in another account, and one without anything last."""
    written = []
    for name in ("one", "limited", "two"):
        namespace = f"{name}-{uuid4().hex[:8]}"
        cluster.admin.create_namespace(namespace)
        written.append({"name": name, "cluster": cluster.name, "namespace": namespace})
    one, two, missing = written
    function = make_function(make_settings(one, two, credentials=[CREDENTIAL]))
    grant(cluster.admin, *function.targets)
    function.run()
    doctor.write_settings(one, _ABROAD, two, missing)
    return doctor


def test_status_sums_up_and_begins_with_what_is_wrong(four: CommandLine) -> None:
    done = four.run("status")
    answer: dict[str, Any] = json.loads(four.run("status", "-o", "json").stdout)

    summary, *table = done.stdout.splitlines()
    assert summary == "4 targets: 2 fresh, 1 failing, 1 not checked"
    assert [line.split()[0] for line in table] == ["TARGET", "two", "abroad", "one", "limited"]
    assert done.returncode == 1
    # JSON has no summary and the order of the settings.
    assert list(answer) == ["results", "findings"]
    states = [(result["target"], result["state"], result["healthy"]) for result in answer["results"]]
    assert states == [
        ("one", "fresh", True),
        ("abroad", "not checked", False),
        ("limited", "fresh", True),
        ("two", "missing", False),
    ]


def test_doctor_sums_up_and_has_a_line_for_each_check(four: CommandLine) -> None:
    done = four.run("doctor")
    answer = json.loads(four.run("doctor", "-o", "json").stdout)

    summary, *lines = done.stdout.splitlines()
    assert "✗ the function has its Roles and RoleBindings (1 of 3 targets)" in lines
    assert "‼ EKS knows the cluster (1 of 4 targets)" in lines
    stale = lines.index("✗ the token is kept fresh (1 of 3 targets)")
    assert lines[stale + 1] == "    follows from another finding"
    assert "✓ no other installation writes the Secret (3 targets)" in lines
    findings = [tuple(line.split(":")[:2]) for line in lines if line.startswith(("    no-role", "    not-checked"))]
    assert findings == [("    not-checked", " abroad"), ("    no-role", " two")]
    assert summary.startswith("4 targets: ")
    assert " 1 no Role, " in summary
    assert summary.endswith(", 1 not checked")
    assert list(answer) == ["targets", "findings"]
    assert answer["targets"] == ["one", "abroad", "limited", "two"]
    found = [
        (finding["target"], finding["finding"]) for finding in answer["findings"] if finding["finding"] != "leftover"
    ]
    assert found == [("abroad", "not-checked"), ("two", "no-role")]


def _report(findings: list[Finding], capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines of a report with one finding for each target."""
    outcomes = [
        Outcome(subject="AWS", passes="it is right", target=finding.target, findings=(finding,)) for finding in findings
    ]
    print_report(outcomes, [str(finding.target) for finding in findings])
    return capsys.readouterr().out.splitlines()


def test_of_many_targets_with_one_finding_a_few_stand_for_all(capsys: pytest.CaptureFixture[str]) -> None:
    names = [f"team-{number}" for number in range(1_000)]
    finding = Finding(target=None, name="no-group", message="it has no group", remedy="add it")

    lines = _report([replace(finding, target=name) for name in names], capsys)

    assert lines[0] == "1,000 targets: 1,000 failing"
    assert lines[4] == "✗ it is right (1,000 of 1,000 targets)"
    assert lines[5:7] == ["    no-group: team-0: it has no group", "    remedy: add it"]
    assert lines[11].startswith("    and 997 more (team-3, ")
    assert len(lines) == 13


def test_each_cluster_without_a_role_has_its_own_command(capsys: pytest.CaptureFixture[str]) -> None:
    commands = {f"team-{number}": f"argo-ecr-auth rbac team-{number} | kubectl apply -f -" for number in range(12)}
    findings = [
        Finding(target=name, name="no-role", message="it has no Role", remedy=command)
        for name, command in commands.items()
    ]

    lines = _report(findings, capsys)

    assert lines[0] == "12 targets: 12 no Role"
    shown = [line.removeprefix("    remedy: ") for line in lines if line.startswith("    remedy: ")]
    assert shown == list(commands.values())


@pytest.mark.parametrize(
    ("error_type", "condition", "remedy"),
    [
        (
            "UnauthorizedError",
            "no entry",
            f"aws eks create-access-entry {_PLACE} --kubernetes-groups argo-ecr-auth && {_APPLY}",
        ),
        ("ForbiddenError", "no Role", _APPLY),
        ("AssumeRoleError", "not permitted yet", "see what the error says; then argo-ecr-auth invoke abroad"),
    ],
)
def test_what_keeps_the_function_out_of_an_account_that_the_operator_does_not_see(
    *,
    error_type: str,
    condition: str,
    remedy: str,
    four: CommandLine,
    objects: Objects,
    stack: str,
    role: str,
    local_cloud: LocalCloud,
) -> None:
    four.write_settings({**_ABROAD, "namespace": objects.namespace}, {**_ABROAD, "name": "limited"})
    failed = {"target": "abroad", "action": "failed", "error": "it is refused", "error_type": error_type}
    write_log(local_cloud, stack, objects, (timedelta(minutes=1), failed))

    status = four.run("status")
    findings = json.loads(four.run("doctor", "-o", "json").stdout)["findings"]

    assert status.stdout.startswith(f"2 targets: 1 {condition}, 1 not checked\n")
    assert "it is refused" in status.stdout
    assert status.returncode == 1
    found = {finding["finding"]: finding for finding in findings if finding["target"] == "abroad"}
    assert found["run-failed"]["remedy"] == remedy.format(role=role)
    assert "it is refused" in found["run-failed"]["message"]


def test_doctor_asks_once_what_is_the_same_for_all(
    four: CommandLine, cluster: Cluster, local_cloud: LocalCloud
) -> None:
    asked, seen = len(local_cloud.requests()), len(cluster.audit_events())

    four.run("doctor", "one", "limited", "two")

    actions = Counter(request["action"] for request in local_cloud.requests()[asked:])
    # Who the operator is, and whether STS is on in the region; the id of the function's role.
    assert (actions["GetCallerIdentity"], actions["GetRole"]) == (2, 1)
    lists = [event for event in cluster.audit_events()[seen:] if "managed-resource" in event["requestURI"]]
    assert len(lists) == 1


def test_where_nothing_is_wrong_with_many_they_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    print_report([], [f"team-{number}" for number in range(1_000)])

    assert capsys.readouterr().out == "nothing is wrong with 1,000 targets\n"
