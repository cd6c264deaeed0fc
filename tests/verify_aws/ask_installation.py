"""An installation: deployed, watched for five checks, deprived of its schedules' role, and destroyed."""

import os
import platform
import re
import subprocess
import sys
import tempfile
from http import HTTPStatus
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import yaml

from argo_ecr_auth_settings.rbac import make_rbac_manifests
from argo_ecr_auth_settings.resolve import resolve_targets
from argo_ecr_auth_settings.settings import Settings
from tests.verify_aws.answers import Answer, Answers
from tests.verify_aws.stage import PREFIX, TAGS, Stage, StoppedError

_ROOT = Path(__file__).parents[2]
_INTERVAL = 60
_OF_OTHER_QUESTIONS = {"ecr", "eks", "iam"}
_MEMORY_MB = 128  # half of what the function has
_COLD_START_MS = 3_000
_REPORT = re.compile(
    r"^REPORT .*?Duration: ([\d.]+) ms.*?Max Memory Used: (\d+) MB(?:.*?Init Duration: ([\d.]+) ms)?", re.DOTALL
)


def ask_installation(stage: Stage) -> Answers:
    with tempfile.TemporaryDirectory() as folder:
        written = _make_settings(stage)
        file = Path(folder) / "settings.yaml"
        file.write_text(yaml.safe_dump(written))
        _apply_manifests(stage, msgspec.convert(written, Settings))
        options = ["-c", f"settings={file}", "-o", f"{folder}/cdk.out", "--yes"]
        _run_steps(stage, "deploy", *options, "--tags", f"{PREFIX}=true")
        resources = {
            item["LogicalResourceId"]: (item["ResourceType"], item["PhysicalResourceId"])
            for item in stage.client("cloudformation").describe_stack_resources(StackName=PREFIX)["StackResources"]
        }
        yield "installation-checks", _watch_checks(stage, dict(resources.values()))
        yield "installation-alarms", _read_alarms(stage, resources)
        yield "installation-broken-role", _break_role(stage, resources)
        _run_steps(stage, "destroy", *options)
        yield "installation-destroyed", _find_remains(stage)


def _make_settings(stage: Stage) -> dict[str, Any]:
    return {
        "installation": PREFIX,
        "check_every": "1m",
        "architecture": "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64",
        # Nobody but the function uses this Secret: Argo CD does not read the namespace.
        "credentials": [{"registry": stage.registry, "verify": "login"}],
        "targets": [{"cluster": stage.cluster, "namespace": PREFIX}],
    }


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


def _watch_checks(stage: Stage, by_type: dict[str, str]) -> Answer:
    logs, group = stage.client("logs"), by_type["AWS::Logs::LogGroup"]
    for _ in stage.poll((stage.checks + 3) * _INTERVAL, every=5):
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        events = [event for page in pages for event in page["events"]]
        reports = [(event["timestamp"], found) for event in events if (found := _REPORT.search(event["message"]))]
        if len(reports) >= stage.checks:
            break
    else:
        raise RuntimeError("there are not enough REPORT lines in the function's log")
    ends = sorted(timestamp / 1000 for timestamp, _ in reports)
    gaps = [later - earlier for earlier, later in pairwise(ends)]
    memory = max(int(found[2]) for _, found in reports)
    cold = max(float(found[3] or 0) for _, found in reports)
    durations = ", ".join(f"{float(found[1]):.0f}" for _, found in reports)
    status, _ = stage.connect().request("GET", f"/api/v1/namespaces/{PREFIX}/secrets/ecr-auth")
    text = (
        f"cold start {cold:.0f} ms, then runs of {durations} ms, {memory} MB, "
        f"{min(gaps, default=0):.0f} to {max(gaps, default=0):.0f} s between them; the Secret: {status}"
    )
    is_right = status == HTTPStatus.OK and memory <= _MEMORY_MB and cold <= _COLD_START_MS
    return Answer(text=text, right=is_right)


def _read_alarms(stage: Stage, resources: dict[str, tuple[str, str]]) -> Answer:
    names = [physical for kind, physical in resources.values() if kind == "AWS::CloudWatch::Alarm"]
    alarms = stage.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
    states = [alarm["StateValue"] for alarm in alarms]
    text = ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states)))
    return Answer(text=text, right="ALARM" not in states and len(alarms) == len(names))


def _break_role(stage: Stage, resources: dict[str, tuple[str, str]]) -> Answer:
    """Delete the right to invoke, and wait for an undelivered event; then give what Scheduler counts."""
    (role,) = (name for key, (kind, name) in resources.items() if kind == "AWS::IAM::Role" and "Schedules" in key)
    (queue,) = (name for kind, name in resources.values() if kind == "AWS::SQS::Queue")
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
            attributes = messages[0].get("MessageAttributes", {})
            code = attributes.get("ERROR_CODE", {}).get("StringValue", "no ERROR_CODE")
            metrics = ", ".join(_list_metrics(stage)) or "none yet"
            text = f"an event in the queue after {elapsed:.0f} s ({code}); Scheduler's metrics: {metrics}"
            return Answer(text=text, right=True)
    return Answer(text=f"no event in the queue after {seconds} s", right=False)


def _list_metrics(stage: Stage) -> list[str]:
    pages = stage.client("cloudwatch").get_paginator("list_metrics").paginate(Namespace="AWS/Scheduler")
    return sorted({metric["MetricName"] for page in pages for metric in page["Metrics"]})


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
