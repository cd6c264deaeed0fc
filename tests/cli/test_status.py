"""How the credentials are: read with the operator's own permissions, and nothing else."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from argo_ecr_auth.core.timestamps import format_time
from tests.cli.command_line import CREDENTIAL, CommandLine, make_command_line
from tests.cli.operators import OPERATOR_RIGHTS, OPERATORS
from tests.cli.stacks import write_log
from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.local_cloud.environment import ACCOUNT, REGION
from tests.support.function import Function
from tests.support.objects import Objects, encode_base64
from tests.support.rewritten import rewrite_expiry


def only_result(command_line: CommandLine, *arguments: str) -> tuple[int, dict[str, Any]]:
    done = command_line.run("status", "-o", "json", *arguments)
    (result,) = json.loads(done.stdout)["results"]
    return done.returncode, result


def test_a_fresh_credential_with_its_remaining_life_and_its_last_writer(fresh: CommandLine, objects: Objects) -> None:
    code, result = only_result(fresh)

    expiry = objects.require("configmaps")["data"]["expireyTime"]
    writer = result.pop("last_writer")
    assert (writer["manager"], writer["operation"]) == ("argo-ecr-auth", "Apply")
    assert 42_000 < result.pop("seconds_to_expiry") <= 43_200
    assert result == {
        "target": "demo",
        "secret": f"{objects.namespace}/ecr-auth",
        "registry": "000000000000.dkr.ecr.us-east-1.amazonaws.com",
        "state": "fresh",
        "healthy": True,
        "tampered": False,
        "last_verified": None,
        "reason": None,
        "expires_at": expiry,
        "error": None,
    }
    assert code == 0


MINUTE = timedelta(minutes=1)
FAILED = {"action": "failed", "error": "demo's API server answers 403"}


def test_when_a_registry_last_accepted_the_token_is_what_the_functions_log_says(
    fresh: CommandLine, objects: Objects, stack: str, local_cloud: LocalCloud
) -> None:
    accepted = {"verified": True}
    now = write_log(local_cloud, stack, objects, (50 * MINUTE, accepted), (20 * MINUTE, accepted), (10 * MINUTE, {}))

    _, result = only_result(fresh)

    assert result["last_verified"] == format_time(now - 20 * MINUTE)


def test_a_fresh_credential_whose_last_run_failed_is_not_healthy(
    fresh: CommandLine, objects: Objects, stack: str, local_cloud: LocalCloud
) -> None:
    """Its token is still valid, and nothing will renew it."""
    now = write_log(local_cloud, stack, objects, (3 * MINUTE, {}), (MINUTE, FAILED))

    code, result = only_result(fresh)

    error = f"the function's run at {format_time(now - MINUTE)} failed: {FAILED['error']}"
    assert (code, result["state"], result["healthy"], result["error"]) == (1, "fresh", False, error)


def test_a_log_that_may_not_be_read_is_reported(fresh: CommandLine, local_cloud: LocalCloud, cluster: Cluster) -> None:
    """A fresh token does not show whether the runs succeed."""
    permissions = [right for right in OPERATOR_RIGHTS if not right.startswith("logs:")]
    reader = local_cloud.create_role("reader-without-logs", allow=permissions)
    local_cloud.client("eks").create_access_entry(
        clusterName=cluster.name, principalArn=reader, kubernetesGroups=[OPERATORS]
    )

    done = make_command_line(local_cloud, reader, directory=fresh.directory).run("status")

    (line,) = done.stderr.splitlines()
    assert line.startswith("argo-ecr-auth: cannot check whether the last runs succeeded: ")
    assert "logs:FilterLogEvents" in line
    assert (done.returncode, "fresh" in done.stdout) == (0, True)


def test_a_credential_that_each_run_has_to_repair_has_another_writer(
    fresh: CommandLine, objects: Objects, stack: str, local_cloud: LocalCloud
) -> None:
    """Such as a second installation, which the cluster shows only when that one wrote last."""
    repaired = {"action": "repaired", "reason": "requested by another role"}
    write_log(local_cloud, stack, objects, (3 * MINUTE, repaired), (MINUTE, repaired))

    code, result = only_result(fresh)
    (found,) = json.loads(fresh.run("doctor", "-o", "json").stdout)["findings"]

    assert (code, result["state"], result["healthy"]) == (1, "fresh", False)
    assert "something else writes it too: requested by another role" in result["error"]
    assert found["finding"] == "second-writer"


def test_a_run_that_failed_before_the_last_one_or_long_ago_is_no_matter(
    fresh: CommandLine, objects: Objects, stack: str, local_cloud: LocalCloud
) -> None:
    write_log(local_cloud, stack, objects, (20 * MINUTE, FAILED), (3 * MINUTE, FAILED), (MINUTE, {}))

    code, result = only_result(fresh)

    assert (code, result["healthy"], result["error"]) == (0, True, None)


@pytest.mark.parametrize(("check_every", "counts"), [("10m", False), ("20m", True)])
def test_a_failed_run_counts_for_two_check_intervals_of_the_profile(
    doctor: CommandLine, objects: Objects, stack: str, local_cloud: LocalCloud, *, check_every: str, counts: bool
) -> None:
    write_log(local_cloud, stack, objects, (40 * MINUTE, FAILED))
    allowed = {"accounts": [ACCOUNT], "regions": [REGION], "clusters": ["*"]}
    profile = {"credentials": [CREDENTIAL], "allowed": allowed, "check_every": check_every}
    target = {"cluster": "demo", "namespace": objects.namespace, "profile": "rare"}
    doctor.write_settings(target, profiles={"rare": profile})

    _, result = only_result(doctor)

    assert (FAILED["error"] in str(result["error"])) == counts


def test_it_reads_only_and_asks_ecr_nothing(
    fresh: CommandLine, objects: Objects, cluster: Cluster, local_cloud: LocalCloud
) -> None:
    versions = objects.versions
    requests, events = len(local_cloud.requests()), len(cluster.audit_events())

    fresh.run("status")

    verbs = [
        (event["verb"], event["objectRef"]["resource"])
        for event in cluster.audit_events()[events:]
        if event["objectRef"].get("namespace") == objects.namespace
    ]
    assert verbs == [("get", "secrets"), ("get", "configmaps")]
    asked = [(request["service"], request["action"]) for request in local_cloud.requests()[requests:]]
    assert not [action for _, action in asked if not action.startswith(("Describe", "Filter", "Get", "List"))]
    assert "ecr" not in {service for service, _ in asked}
    assert objects.versions == versions


def test_the_table_in_a_terminal(fresh: CommandLine, objects: Objects) -> None:
    code, terminal = fresh.show("status", columns=200)

    assert code == 0
    assert "reading " in terminal.text, "how far it is"
    assert "\x1b[32m" in terminal.raw, "green"
    row = next(line for line in terminal.text.splitlines() if "demo" in line)
    assert "████████████ 11h59m" in row
    assert "argo-ecr-auth just now" in row
    assert "TARGET" in terminal.text
    assert objects.password not in terminal.raw


def test_80_columns_break_no_name_and_no_age(fresh: CommandLine, objects: Objects) -> None:
    objects.patch("secrets", {"data": {"url": ""}})

    _, terminal = fresh.show("status", columns=80)

    for words in ("demo", f"{objects.namespace}/ecr-auth", "to repair", "████████████ 11h59m"):
        assert words in terminal.text
    assert "why: the Secret's data url differs" in terminal.text
    assert max(len(line) for line in terminal.text.splitlines() if "why:" not in line) <= 80


def test_a_terminal_too_narrow_for_columns_gets_a_line_for_each_field(fresh: CommandLine, objects: Objects) -> None:
    _, terminal = fresh.show("status", columns=40)

    lines = [line.rstrip() for line in terminal.text.splitlines()]
    assert f"secret:      {objects.namespace}/ecr-auth" in lines
    assert "last writer: argo-ecr-auth just now" in lines


@pytest.mark.parametrize("variable", ["NO_COLOR=1", "TERM=dumb"])
def test_a_terminal_without_color_gets_none(variable: str, fresh: CommandLine) -> None:
    _, terminal = fresh.show("status", environment=dict([variable.split("=")]))

    assert re.findall(r"\x1b\[[0-9;]*m", terminal.raw) == []
    assert "fresh" in terminal.text


def test_elsewhere_than_on_a_terminal_it_is_plain_and_each_row_one_line(fresh: CommandLine) -> None:
    done = fresh.run("status", FORCE_COLOR="1", CLICOLOR_FORCE="1")

    header, row = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    assert header.split() == ["TARGET", "SECRET", "STATE", "LEFT", "VERIFIED", "LAST", "WRITER", "WHY"]
    assert row.startswith("demo")


def test_a_terminal_that_knows_no_unicode_gets_a_bar_all_the_same(fresh: CommandLine) -> None:
    done = fresh.run("status", PYTHONIOENCODING="ascii")

    assert "############ 11h59m" in done.stdout


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (timedelta(hours=5), ("due", 0)),
        (timedelta(hours=1, minutes=59), ("due", 1)),
        (-timedelta(hours=1), ("expired", 1)),
    ],
)
def test_less_than_a_third_of_renew_before_is_unhealthy(
    left: timedelta, expected: tuple[str, int], fresh: CommandLine, objects: Objects
) -> None:
    rewrite_expiry(objects, datetime.now(UTC) + left)

    code, result = only_result(fresh)

    assert (result["state"], code) == expected
    assert result["healthy"] == (code == 0)


def test_keys_that_tell_argo_cd_how_to_use_the_token_are_unhealthy(
    fresh: CommandLine, function: Function, objects: Objects
) -> None:
    objects.patch("secrets", {"data": {"proxy": encode_base64("http://evil.example")}})

    code, result = only_result(fresh)
    _, terminal = fresh.show("status", columns=200)
    function.run()
    after, repaired = only_result(fresh)

    assert (code, result["state"], result["healthy"], result["tampered"]) == (1, "to repair", False, True)
    assert "somebody added proxy to the Secret" in result["reason"]
    assert "\x1b[1;31mto repair" in terminal.raw, "red"
    assert "evil" not in json.dumps(result) + terminal.raw
    assert (after, repaired["state"], repaired["tampered"]) == (0, "fresh", False)


def test_keys_that_nobody_reads_are_no_tampering_and_have_a_last_writer(fresh: CommandLine, objects: Objects) -> None:
    objects.patch("secrets", {"data": {"note": ""}})

    code, result = only_result(fresh)

    assert (code, result["state"], result["tampered"]) == (0, "fresh", False)
    assert result["last_writer"]["operation"] == "Update"


def test_an_object_that_is_not_ours_has_failed(fresh: CommandLine, objects: Objects) -> None:
    objects.patch("secrets", {"metadata": {"labels": {"reconcile.external-secrets.io/managed": "true"}}})

    code, result = only_result(fresh)

    assert (code, result["state"]) == (1, "failed")
    assert "External Secrets" in result["error"]


def test_a_cluster_that_cannot_be_read_ends_with_3(stack: str, command_line: CommandLine) -> None:
    command_line.write_settings({"cluster": "no-such-cluster"})

    code, result = only_result(command_line)

    assert (code, result["state"], result["healthy"]) == (3, "not checked", False)
    assert "there is no EKS cluster no-such-cluster" in result["error"]


def test_a_disabled_target_is_listed_and_not_read(fresh: CommandLine, namespace: str) -> None:
    fresh.write_settings({"cluster": "demo", "namespace": namespace}, {"cluster": "asleep", "enabled": False})

    done = fresh.run("status", "-o", "json")

    assert [(result["target"], result["state"]) for result in json.loads(done.stdout)["results"]] == [
        ("demo", "fresh"),
        ("asleep", "disabled"),
    ]
    assert done.returncode == 0
