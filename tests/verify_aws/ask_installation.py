"""An installation: deployed, watched for five checks, deprived of its schedules' role, and destroyed."""

import json
import os
import re
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

from argo_ecr_auth_settings.rbac import make_rbac_manifests
from argo_ecr_auth_settings.resolve import resolve_targets
from argo_ecr_auth_settings.settings import Settings
from tests.local_cloud.environment import ARCHITECTURE
from tests.verify_aws.stage import PREFIX, TAGS, Answer, Answers, Stage, StoppedError

_ROOT = Path(__file__).parents[2]
_INTERVAL = 60
_OF_OTHER_QUESTIONS = {"ecr", "eks", "iam"}
_MEMORY_MB = 128  # half of what the function has
_COLD_START_MS = 3_000
_METRICS = ("InvocationAttemptCount", "TargetErrorCount", "InvocationDroppedCount", "InvocationsSentToDeadLetterCount")
_REPORT = re.compile(
    r"^REPORT .*?Duration: ([\d.]+) ms.*?Max Memory Used: (\d+) MB(?:.*?Init Duration: ([\d.]+) ms)?", re.DOTALL
)


def ask_installation(stage: Stage) -> Answers:
    written: dict[str, Any] = {
        "installation": PREFIX,
        "check_every": "1m",
        "architecture": ARCHITECTURE,
        # Nobody but the function uses this Secret: Argo CD does not read the namespace.
        "credentials": [{"registry": stage.registry}],
        "targets": [{"cluster": stage.cluster, "namespace": PREFIX}],
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "settings.yaml"
        file.write_text(json.dumps(written))  # which is also YAML
        _apply_manifests(stage, msgspec.convert(written, Settings))
        options = ["-c", f"settings={file}", "-o", f"{folder}/cdk.out", "--yes"]
        _run_steps(stage, "deploy", *options, "--tags", f"{PREFIX}=true")
        found = stage.client("cloudformation").describe_stack_resources(StackName=PREFIX)["StackResources"]

        def list_names(kind: str, part: str = "") -> list[str]:
            return [
                item["PhysicalResourceId"]
                for item in found
                if item["ResourceType"] == f"AWS::{kind}" and part in item["LogicalResourceId"]
            ]

        yield "installation-checks", _watch_checks(stage, *list_names("Logs::LogGroup"))
        yield "installation-alarms", _read_alarms(stage, list_names("CloudWatch::Alarm"))
        names = (list_names("IAM::Role", "Schedules"), list_names("SQS::Queue"), list_names("Scheduler::ScheduleGroup"))
        yield "installation-broken-role", _break_role(stage, *(name for (name,) in names))
        _run_steps(stage, "destroy", *options)
        yield "installation-destroyed", _find_remains(stage)


def _apply_manifests(stage: Stage, settings: Settings) -> None:
    api = stage.connect()
    api.create_namespace(PREFIX)
    (target,) = resolve_targets(settings, region=stage.region, account=stage.account)
    for manifest in make_rbac_manifests(target, group=PREFIX):
        path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{PREFIX}/{manifest['kind'].lower()}s"
        status, answer = api.request("POST", path, manifest)
        if status != HTTPStatus.CREATED:
            raise RuntimeError(f"cannot create the {manifest['kind']} ({status}): {answer}")


def _run_steps(stage: Stage, command: str, *options: str) -> None:
    """What `make deploy` and `make destroy` run. Raises StoppedError."""
    with (
        tempfile.TemporaryFile("w+") as output,
        subprocess.Popen(
            [sys.executable, "-m", "argo_ecr_auth_deploy.steps", command, *options],
            cwd=_ROOT,
            env={**os.environ, "AWS_REGION": stage.region, "AWS_DEFAULT_REGION": stage.region},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C reaches it through `stage`
        ) as process,
    ):
        while process.poll() is None:
            if stage.stop.wait(1):
                os.killpg(process.pid, 15)
                raise StoppedError
        if process.returncode:
            output.seek(0)
            last = output.read().strip().rpartition("\n")[2]
            raise RuntimeError(f"make {command} failed: {last}")


def _watch_checks(stage: Stage, group: str) -> Answer:
    logs = stage.client("logs").get_paginator("filter_log_events")
    for _ in stage.poll((stage.checks + 3) * _INTERVAL, every=5):
        events = [event for page in logs.paginate(logGroupName=group) for event in page["events"]]
        reports = {event["timestamp"]: found for event in events if (found := _REPORT.search(event["message"]))}
        if len(reports) >= stage.checks:
            break
    else:
        raise RuntimeError("there are not enough REPORT lines in the function's log")
    gaps = [(later - earlier) / 1000 for earlier, later in pairwise(sorted(reports))] or [0]
    memory = max(int(found[2]) for found in reports.values())
    cold = max(float(found[3] or 0) for found in reports.values())
    durations = ", ".join(f"{float(found[1]):.0f}" for found in reports.values())
    status, _ = stage.connect().request("GET", f"/api/v1/namespaces/{PREFIX}/secrets/ecr-auth")
    text = (
        f"cold start {cold:.0f} ms, then runs of {durations} ms, {memory} MB, "
        f"{min(gaps):.0f} to {max(gaps):.0f} s between them; the Secret: {status}"
    )
    return Answer(text=text, right=status == HTTPStatus.OK and memory <= _MEMORY_MB and cold <= _COLD_START_MS)


def _read_alarms(stage: Stage, names: list[str]) -> Answer:
    alarms = stage.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
    states = [alarm["StateValue"] for alarm in alarms]
    text = ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states)))
    return Answer(text=text, right="ALARM" not in states and len(alarms) == len(names))


def _break_role(stage: Stage, role: str, queue: str, group: str) -> Answer:
    """Delete the right to invoke, and wait for an undelivered event; then give what Scheduler counts."""
    begin = datetime.now(UTC)
    iam, sqs = stage.client("iam"), stage.client("sqs")
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        # The right to send to the queue stays.
        document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        document["Statement"] = [item for item in document["Statement"] if "sqs" in str(item["Action"]).lower()]
        iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=msgspec.json.encode(document).decode())
    seconds = min(stage.checks, 3) * _INTERVAL
    for elapsed in stage.poll(seconds, every=5):
        messages = sqs.receive_message(QueueUrl=queue, MessageAttributeNames=["All"]).get("Messages", [])
        if messages:
            code = messages[0].get("MessageAttributes", {}).get("ERROR_CODE", {}).get("StringValue", "no ERROR_CODE")
            stage.stop.wait(_INTERVAL)  # metrics are late
            counts = ", ".join(f"{name} {_sum_metric(stage, name, group, begin=begin):.0f}" for name in _METRICS)
            return Answer(text=f"an event in the queue after {elapsed:.0f} s ({code}); {counts}", right=True)
    return Answer(text=f"no event in the queue after {seconds} s", right=False)


def _sum_metric(stage: Stage, name: str, group: str, *, begin: datetime) -> float:
    points = stage.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Scheduler",
        MetricName=name,
        Dimensions=[{"Name": "ScheduleGroup", "Value": group}],
        StartTime=begin,
        EndTime=datetime.now(UTC),
        Period=_INTERVAL,
        Statistics=["Sum"],
    )["Datapoints"]
    return float(sum(point["Sum"] for point in points))


def _find_remains(stage: Stage) -> Answer:
    """The services of what still carries the tag. Those of the other questions carry it, too."""
    tagging = stage.client("resourcegroupstaggingapi")
    remains: list[str] = []
    for _ in stage.poll(_INTERVAL, every=5):  # AWS lists what was deleted a moment ago
        tagged = tagging.get_resources(TagFilters=[{"Key": TAGS[0]["Key"]}])["ResourceTagMappingList"]
        remains = sorted({item["ResourceARN"].split(":")[2] for item in tagged} - _OF_OTHER_QUESTIONS)
        if not remains:
            break
    return Answer(text=f"left: {', '.join(remains) or 'nothing'}", right=not remains)
