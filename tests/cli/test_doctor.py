"""What goes wrong in practice, and how `doctor` shows it."""

import base64
import json
import subprocess
import sys
from pathlib import Path

from argo_ecr_auth_settings.documentation import make_link
from tests.cli.command_line import CommandLine, make_command_line
from tests.cli.doctor import create_secret, get_only_finding, run_doctor
from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.support.function import REGISTRY
from tests.support.objects import Objects


def test_where_nothing_is_wrong_each_check_is_listed_as_passed(fresh: CommandLine) -> None:
    done = fresh.run("doctor")

    assert (done.returncode, done.stderr) == (0, "")
    groups = [group.splitlines() for group in done.stdout.split("\n\n")]
    assert [group[0] for group in groups] == [
        "installation",
        "function",
        "AWS",
        "cluster",
        "credential",
        "Argo CD",
        "nothing is wrong with demo",
    ]
    assert {line[:2] for _, _, *lines in groups[:-1] for line in lines} == {"✓ "}
    assert "✓ the function has its Roles and RoleBindings" in groups[3]


def test_it_reads_only(fresh: CommandLine, cluster: Cluster, local_cloud: LocalCloud) -> None:
    events, requests = len(cluster.audit_events()), len(local_cloud.requests())

    fresh.run("doctor")

    seen = cluster.audit_events()[events:]
    assert {event["verb"] for event in seen if "operator" in event["user"]["username"]} <= {"get", "list"}
    asked = {request["action"] for request in local_cloud.requests()[requests:]}
    assert not [action for action in asked if not action.startswith(("Describe", "Filter", "Get", "List"))]


def test_a_disabled_target_is_examined_only_by_name(fresh: CommandLine, namespace: str) -> None:
    fresh.write_settings({"cluster": "demo", "namespace": namespace}, {"cluster": "asleep", "enabled": False})

    assert run_doctor(fresh)[1] == []
    assert get_only_finding(fresh, "asleep")["finding"] == "no-such-cluster"


def test_a_remedy_names_the_same_installation(doctor: CommandLine) -> None:
    found = {finding["finding"]: finding["remedy"] for finding in run_doctor(doctor, "--settings", "settings.yaml")[1]}

    assert found["no-role"] == "argo-ecr-auth rbac demo --settings settings.yaml | kubectl apply -f -"


def test_a_remedy_calls_the_program_as_it_was_called(doctor: CommandLine) -> None:
    script = str(Path(sys.executable).parent / "argo-ecr-auth")

    def find_remedy(path: str) -> str:
        environment = {**doctor.environment, "PATH": path}
        done = subprocess.run(
            [script, "doctor", "-o", "json"],
            cwd=doctor.directory,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        found = {finding["finding"]: finding["remedy"] for finding in json.loads(done.stdout)["findings"]}
        return str(found["no-role"])

    assert find_remedy("/usr/bin:/bin") == f"{script} rbac demo | kubectl apply -f -"
    assert find_remedy(f"{Path(script).parent}:/usr/bin:/bin") == "argo-ecr-auth rbac demo | kubectl apply -f -"


def test_without_the_functions_role_the_rest_is_checked(fresh: CommandLine) -> None:
    _, found = run_doctor(fresh, "--installation", "another")

    assert [finding["finding"] for finding in found] == ["not-deployed", "not-checked", "no-role"]
    assert "--function-role" in found[1]["remedy"]


def test_missing_rights_are_not_checked_and_end_with_3(fresh: CommandLine, local_cloud: LocalCloud) -> None:
    nobody = make_command_line(local_cloud, local_cloud.create_role("nobody"), directory=fresh.directory)

    code, found = run_doctor(nobody)

    assert code == 3
    assert {finding["finding"] for finding in found} == {"not-checked"}
    assert "cloudformation:DescribeStacks" in json.dumps(found)
    assert "eks:DescribeCluster" in json.dumps(found)
    messages = [finding["message"] for finding in found]
    assert len([message for message in messages if "DescribeCluster" in message]) == 1, "one cause, one row"


def test_no_password_is_in_any_output(fresh: CommandLine, objects: Objects, stack: str) -> None:
    create_secret(objects, "theirs", kind="repository", url=REGISTRY, password="the other password")
    output = ""
    for arguments in (["doctor"], ["doctor", "-o", "json"], ["status"], ["status", "-o", "json"], ["rbac"]):
        done = fresh.run(*arguments)
        output += done.stdout + done.stderr

    assert "theirs" in output
    for secret in (objects.password, "the other password"):
        assert secret not in output
        assert base64.b64encode(secret.encode()).decode() not in output


def test_below_a_failed_check_are_the_finding_its_remedy_and_where_to_read_on(
    doctor: CommandLine, namespace: str
) -> None:
    code, terminal = doctor.show("doctor", columns=40)

    assert code == 1
    assert "examining " in terminal.text, "how far it is"
    assert "\x1b[1;31m✗\x1b[0m the function has its Roles and RoleBindings" in terminal.raw
    lines = [line.rstrip() for line in terminal.text.splitlines()]
    check = lines.index("✗ the function has its Roles and RoleBindings")
    assert lines[check + 1].startswith(f"    no-role: the Role {namespace}/argo-ecr-auth is missing")
    assert lines[check + 2 : check + 4] == [
        "    remedy: argo-ecr-auth rbac demo | kubectl apply -f -",
        f"    see {make_link('operations', 'no-role')}",
    ]


def test_what_nobody_could_look_at_is_neither_passed_nor_failed(fresh: CommandLine) -> None:
    done = fresh.run("doctor", "--installation", "another", PYTHONIOENCODING="ascii")

    assert "\n! the function's access entry is correct\n    not-checked: " in done.stdout
    assert "\n+ nobody else writes the objects\n" in done.stdout
