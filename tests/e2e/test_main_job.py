"""The main job: `make deploy`, the schedule, the function, the objects in the cluster, the alarms, and `make destroy`.

The tests share one deployment and depend on their order. The first waits for the schedule, the last ones destroy.
"""

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from argo_ecr_auth_settings.resolve import resolve_targets
from tests.cli.command_line import make_command_line
from tests.cli.operators import OPERATOR_RIGHTS, admit_operator
from tests.e2e.alarms import find_alarm, find_metrics, put_values, read_values
from tests.local_cloud import ecr_token
from tests.local_cloud.cloud import LocalCloud
from tests.local_cloud.environment import ACCOUNT, REGION
from tests.support.function import REGISTRY, grant, make_settings
from tests.support.installation import CONFIG_MAP, INSTALLATION, SECRET, Installation

_ROLE_BINDING = f"/apis/rbac.authorization.k8s.io/v1/namespaces/argocd/rolebindings/{INSTALLATION}"
_SECONDS_TO_LEAVE = 6  # after this time a bad value has left its alarm's window


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A cloud with a cluster `demo`, the function's Role in it, and the app deployed with a schedule of one minute."""
    folder = tmp_path_factory.mktemp("main-job")
    with LocalCloud(folder / "cloud") as cloud:
        cloud.begin_cluster("demo")
        cloud.bootstrap()
        cluster = cloud.finish_cluster("demo")
        grant(cluster.admin, *resolve_targets(make_settings({"cluster": "demo"}), region=REGION))
        context = {"cluster": "demo", "registry": REGISTRY, "check_every": "1m", **cloud.cdk_context()}
        installation = Installation(cloud=cloud, cluster=cluster, output=folder / "cdk.out", context=context)
        done = installation.make("deploy")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "\n  demo: new, writes argocd/ecr-auth\n" in done.stdout
        yield installation


def test_the_schedule_starts_the_function_and_the_objects_appear(installation: Installation) -> None:
    installation.wait_for_the_schedule()

    secret, config_map = installation.object(SECRET), installation.object(CONFIG_MAP)
    assert secret is not None
    assert config_map is not None
    data = {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}
    token = ecr_token.parse(data.pop("password"))
    assert data == {"url": REGISTRY, "name": "ecr", "type": "helm", "enableOCI": "true", "username": "AWS"}
    assert secret["metadata"]["labels"] == {"argocd.argoproj.io/secret-type": "repository"}
    assert config_map["metadata"]["labels"] == {"argo-ecr-auth": "managed-resource"}
    assert set(config_map["data"]) == {"expireyTime", "name"}
    assert ":assumed-role/argo-ecr-auth-" in token.caller
    assert installation.password() not in installation.log()


def test_idle_runs_read_twice_write_nothing_and_ask_aws_nothing(installation: Installation) -> None:
    assert installation.invoke({}).results[0]["action"] == "fresh"
    before = [_find_version(installation, path) for path in (SECRET, CONFIG_MAP)]
    events, requests = len(installation.cluster.audit_events()), len(installation.cloud.requests())

    runs = [installation.invoke({}) for _ in range(3)]

    seen = [
        (event["verb"], event["objectRef"]["resource"])
        for event in installation.cluster.audit_events()[events:]
        if "assumed-role" in event["user"]["username"]
    ]
    by_function = [
        request for request in installation.cloud.requests()[requests:] if "assumed-role" in str(request["caller"])
    ]
    assert [run.results[0]["action"] for run in runs] == ["fresh"] * 3
    # The schedule may have started more runs meanwhile: each reads twice.
    assert len(seen) >= 6
    assert seen == [("get", "secrets"), ("get", "configmaps")] * (len(seen) // 2)
    assert by_function == []
    assert [_find_version(installation, path) for path in (SECRET, CONFIG_MAP)] == before


def test_a_tokens_source_holds_the_id_of_the_functions_role(installation: Installation) -> None:
    functions, name = installation.cloud.client("lambda"), installation.outputs()["FunctionName"]
    function = functions.get_function_configuration(FunctionName=name)
    role = installation.cloud.client("iam").get_role(RoleName=function["Role"].rpartition("/")[2])["Role"]
    _, config_map = installation.cluster.admin.request("GET", CONFIG_MAP)
    assert config_map["metadata"]["annotations"]["argo-ecr-auth/token-source"] == (
        f"{REGISTRY} as the function {role['RoleId']}"
    )


def test_an_overwritten_password_is_replaced_by_the_next_run(installation: Installation) -> None:
    before = ecr_token.parse(installation.password())
    patch = {"data": {"password": "Z2FyYmFnZQ=="}}
    installation.cluster.admin.request("PATCH", SECRET, patch, content_type="application/merge-patch+json")

    installation.invoke({"targets": ["demo"]})

    assert ecr_token.parse(installation.password()).turn > before.turn


def test_an_operator_invokes_it_then_asks_for_status_and_doctor(installation: Installation, tmp_path: Path) -> None:
    operator = installation.cloud.create_role("operator", allow=OPERATOR_RIGHTS)
    admit_operator(installation.cloud, installation.cluster, operator)
    operator_line = make_command_line(installation.cloud, operator, directory=tmp_path)
    which = ["--cluster", "demo", "--registry", REGISTRY]

    forced = operator_line.run("invoke", "--force", *which)
    again = operator_line.run("invoke", *which, "-o", "json")
    status = operator_line.run("status", *which, "-o", "json")
    doctor = operator_line.run("doctor", *which, "-o", "json")

    assert forced.returncode == 0, forced.stderr
    assert any(action in forced.stdout for action in ("created", "renewed"))
    assert [result["action"] for result in json.loads(again.stdout)["results"]] == ["fresh"]
    (result,) = json.loads(status.stdout)["results"]
    assert json.loads(status.stdout)["findings"] == []
    assert (result["state"], result["healthy"], status.returncode) == ("fresh", True, 0), result
    assert result["seconds_to_expiry"] > 42_000
    # The options mean the original tool's repository, which has a name. The registry is not on this machine: whether
    # the password logs in cannot be learned.
    leaving, not_checked = json.loads(doctor.stdout)["findings"]
    assert (leaving["finding"], not_checked["finding"]) == ("token-may-leave", "not-checked")
    assert "does not answer" in not_checked["message"]
    for done in (forced, again, status, doctor):
        assert installation.password() not in done.stdout + done.stderr


def test_a_failed_run_fails_the_invocation_with_the_whole_result(installation: Installation) -> None:
    assert installation.cluster.admin.request("DELETE", _ROLE_BINDING)[0] == 200
    try:
        invocation = installation.invoke({})
    finally:
        installation.apply_manifests()

    assert invocation.failed
    assert set(invocation.results[0]) == {
        "target",
        "secret",
        "registry",
        "action",
        "reason",
        "expires_at",
        "seconds_to_expiry",
        "verified",
        "error",
        "error_type",
    }
    assert "cdk.out/rbac/demo.rbac.yaml" in invocation.results[0]["error"]


def test_an_event_that_points_it_elsewhere_is_refused_with_what_was_expected(installation: Installation) -> None:
    invocation = installation.invoke({"targets": ["demo"], "endpoint": "https://example.org"})

    assert invocation.failed
    assert 'expected {} or {"targets"' in invocation.answer["errorMessage"]


def test_the_function_reports_its_metrics_with_the_installation_as_the_one_dimension(
    installation: Installation,
) -> None:
    installation.invoke({})

    lines = [json.loads(line) for line in installation.log().splitlines() if line.startswith('{"_aws"')]
    (metrics,) = lines[-1]["_aws"]["CloudWatchMetrics"]
    assert (metrics["Namespace"], metrics["Dimensions"]) == ("ArgoEcrAuth", [["service"]])
    assert lines[-1]["service"] == INSTALLATION
    assert {metric["Name"] for metric in metrics["Metrics"]} == {
        "SecondsToExpiry",
        "ChecksCompleted",
        "Failures",
        "Renewed",
        "Repaired",
    }


def test_bad_metrics_raise_each_alarm_and_good_ones_clear_it(installation: Installation) -> None:
    """An earlier test made a run fail."""
    installation.cluster.admin.request("DELETE", SECRET)
    assert not installation.invoke({}).failed
    healthy, failed, repaired = (
        find_metrics(installation, **values)
        for values in ({"Repaired": 0, "Failures": 0}, {"Failures": 1}, {"Repaired": 1})
    )
    (seconds,) = healthy["SecondsToExpiry"]
    # The value after eleven hours without a renewal.
    expiring = healthy | {"SecondsToExpiry": [seconds - 11 * 3600]}
    of_function = {"ChecksMissing": failed, "Failing": failed, "RepairsContinue": repaired, "TokenExpiring": expiring}
    of_aws = ("Undelivered", "Throttled", "EventsDropped")
    alarms = {name: find_alarm(installation, name) for name in (*of_function, *of_aws)}

    for name, alarm in alarms.items():
        values = read_values(of_function[name], alarm) if name in of_function else [1]
        put_values(installation, alarm, values, seconds_to_leave=_SECONDS_TO_LEAVE)
        assert find_alarm(installation, name)["StateValue"] == "ALARM", name

    time.sleep(_SECONDS_TO_LEAVE)
    for name, alarm in alarms.items():
        # The runs of two hours: the alarm on missing checks requires fewer.
        values = read_values(healthy, alarm) * 60 if name in of_function else [0]
        put_values(installation, alarm, values)
        assert find_alarm(installation, name)["StateValue"] == "OK", name


def _with_settings(installation: Installation, directory: Path, **settings: object) -> Installation:
    """The same installation with a settings file."""
    file = directory / "settings.yaml"
    file.write_text(json.dumps({"credentials": [{"registry": REGISTRY}], "check_every": "1m", **settings}))
    return replace(installation, context={"settings": str(file), **installation.cloud.cdk_context()})


def test_accounts_clusters_and_regions_to_which_nothing_can_be_deployed_are_reported_at_once(
    installation: Installation, tmp_path: Path
) -> None:
    account = "333333333333"
    targets = [{"cluster": "demo", "region": "eu-west-1"}, {"cluster": "away", "account": account}]

    done = _with_settings(installation, tmp_path, targets=targets).make("deploy")

    assert done.returncode == 1
    region, other, cluster = done.stderr.splitlines()
    assert region.endswith(f"in eu-west-1: make bootstrap ARGS=aws://{ACCOUNT}/eu-west-1")
    assert other.startswith(f"cannot assume arn:aws:iam::{account}:role/cdk-hnb659fds-deploy-role-{account}-{REGION}: ")
    assert cluster.startswith("there is no EKS cluster demo in eu-west-1")


def _find_schedule(installation: Installation) -> dict[str, Any]:
    schedules = installation.cloud.client("scheduler")
    (group,) = (
        group["Name"] for group in schedules.list_schedule_groups()["ScheduleGroups"] if "argo" in group["Name"]
    )
    (schedule,) = schedules.list_schedules(GroupName=group)["Schedules"]
    return dict(schedules.get_schedule(Name=schedule["Name"], GroupName=group))


def test_a_deleted_schedule_is_recreated_by_the_remedy_that_a_deployment_prints(
    installation: Installation, tmp_path: Path
) -> None:
    found = _find_schedule(installation)
    installation.cloud.client("scheduler").delete_schedule(Name=found["Name"], GroupName=found["GroupName"])
    credentials = [{"registry": REGISTRY}, {"registry": REGISTRY, "secret_name": "second"}]
    targets = [{"cluster": "demo", "enabled": False}]
    disabled = _with_settings(installation, tmp_path, targets=targets, credentials=credentials)

    refused = installation.make("deploy")
    first = disabled.make("deploy", "--yes")
    second = installation.make("deploy", "--yes")

    (line,) = refused.stderr.splitlines()
    assert line.startswith("the schedule of demo was deleted")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "  demo: disabled, also writes argocd/second, nothing will renew its tokens; " in first.stdout
    assert "every target is disabled" in first.stdout
    assert second.returncode == 0, second.stdout + second.stderr
    assert "  demo: enabled, no longer writes argocd/second\n" in second.stdout
    assert second.stdout.endswith("\n  kubectl -n argocd delete --ignore-not-found secret/second configmap/second\n")
    assert _find_schedule(installation)["State"] == "ENABLED"


def test_destroy_needs_one_confirmation_and_leaves_nothing_of_it_in_the_account(installation: Installation) -> None:
    refused = installation.make("destroy")
    done = installation.make("destroy", "--yes")

    assert refused.returncode == 1
    assert "  demo: removed, nothing will renew its tokens" in refused.stdout
    assert done.returncode == 0, done.stdout + done.stderr
    assert "secret/ecr-auth configmap/ecr-auth\n" in done.stdout
    assert [name for name in _list_what_remains(installation) if INSTALLATION in name] == []


def test_the_objects_stay_in_the_cluster_after_destroy(installation: Installation) -> None:
    """Argo CD pulls with the token until it expires, while something else takes over."""
    assert installation.object(SECRET) is not None


def _find_version(installation: Installation, path: str) -> str:
    found = installation.object(path)
    assert found is not None, path
    return str(found["metadata"]["resourceVersion"])


def _list_what_remains(installation: Installation) -> list[str]:
    cloud = installation.cloud
    entries = cloud.client("eks").list_access_entries(clusterName="demo")["accessEntries"]
    return [
        *(role["RoleName"] for role in cloud.client("iam").list_roles()["Roles"]),
        *(policy["PolicyName"] for policy in cloud.client("iam").list_policies(Scope="Local")["Policies"]),
        *(function["FunctionName"] for function in cloud.client("lambda").list_functions()["Functions"]),
        *(schedule["Name"] for schedule in cloud.client("scheduler").list_schedules()["Schedules"]),
        *(group["logGroupName"] for group in cloud.client("logs").describe_log_groups()["logGroups"]),
        *(stack["StackName"] for stack in cloud.client("cloudformation").describe_stacks()["Stacks"]),
        *(alarm["AlarmName"] for alarm in cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]),
        *cloud.client("sqs").list_queues().get("QueueUrls", []),
        *(topic["TopicArn"] for topic in cloud.client("sns").list_topics()["Topics"]),
        *entries,
    ]
