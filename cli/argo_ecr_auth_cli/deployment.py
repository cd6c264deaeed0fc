"""The installation as it is deployed: its stack, its schedules, and whether the function runs."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from botocore.exceptions import BotoCoreError, ClientError

from argo_ecr_auth.clients.sessions import Sessions, explain_aws_error
from argo_ecr_auth.core.caller import OPERATOR
from argo_ecr_auth_cli.concurrency import map_concurrently
from argo_ecr_auth_cli.terminal.exits import UNKNOWN, CommandError

# A stack of such a status has no function, or is losing it.
_GONE = {"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_IN_PROGRESS", "DELETE_FAILED"}


@dataclass(frozen=True, kw_only=True)
class Stack:
    """What CloudFormation says of the installation's stack."""

    name: str
    region: str
    status: str
    changed_at: datetime
    outputs: Mapping[str, str]

    @property
    def is_deployed(self) -> bool:
        return self.status not in _GONE


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """One of the stack's schedules; `targets` is empty where it was deleted outside CloudFormation."""

    name: str
    exists: bool
    enabled: bool = False
    every: timedelta = timedelta()
    targets: frozenset[str] = frozenset()


def describe_stack(sessions: Sessions, *, installation: str, region: str) -> Stack | None:
    """The stack, None where there is none. Raises CommandError where CloudFormation does not say."""
    try:
        (stack,) = sessions.client("cloudformation", region=region).describe_stacks(StackName=installation)["Stacks"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "ValidationError":
            return None
        raise _explain(error, f"for the stack {installation}", "cloudformation:DescribeStacks") from None
    except BotoCoreError as error:
        raise _explain(error, f"for the stack {installation}", "cloudformation:DescribeStacks") from None
    return Stack(
        name=installation,
        region=region,
        status=stack["StackStatus"],
        changed_at=stack.get("LastUpdatedTime") or stack["CreationTime"],
        outputs={output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", ())},
    )


def get_stack_output(sessions: Sessions, *, key: str, installation: str, region: str, instead: str) -> str:
    """An output of the stack. Raises CommandError, which names the option to give `instead`."""
    remedy = f"give --region, --installation or {instead}"
    try:
        stack = describe_stack(sessions, installation=installation, region=region)
    except CommandError as error:
        raise CommandError(f"{error}; {remedy}", code=UNKNOWN) from None
    if stack is None:
        raise CommandError(f"there is no stack {installation} in {region}: {remedy}", code=UNKNOWN)
    if key not in stack.outputs:
        raise CommandError(f"the stack {installation} in {region} has no output {key}: {remedy}", code=UNKNOWN)
    return stack.outputs[key]


def list_schedules(sessions: Sessions, stack: Stack) -> list[Schedule]:
    """The stack's schedules as they are now. Raises CommandError."""
    scheduler = sessions.client("scheduler", region=stack.region)

    def read(name: str) -> Schedule:
        try:
            found = scheduler.get_schedule(Name=name)
        except scheduler.exceptions.ResourceNotFoundException:
            return Schedule(name=name, exists=False)
        return Schedule(
            name=name,
            exists=True,
            enabled=found["State"] == "ENABLED",
            every=_parse_rate(found["ScheduleExpression"]),
            targets=_parse_targets(found["Target"].get("Input", "")),
        )

    try:
        pages = sessions.client("cloudformation", region=stack.region).get_paginator("list_stack_resources")
        names = [
            resource["PhysicalResourceId"]
            for page in pages.paginate(StackName=stack.name)
            for resource in page["StackResourceSummaries"]
            if resource["ResourceType"] == "AWS::Scheduler::Schedule"
        ]
        return map_concurrently(read, names, done=lambda: None)
    except (ClientError, BotoCoreError) as error:
        asked = f"for the schedules of the stack {stack.name}"
        raise _explain(error, asked, "cloudformation:ListStackResources and scheduler:GetSchedule") from None


def count_runs(sessions: Sessions, *, function: str, region: str, since: datetime, until: datetime) -> int:
    """How often Lambda ran the function between these moments. Raises CommandError."""
    try:
        points = sessions.client("cloudwatch", region=region).get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName="Invocations",
            Dimensions=[{"Name": "FunctionName", "Value": function}],
            StartTime=since,
            EndTime=until,
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
    except (ClientError, BotoCoreError) as error:
        raise _explain(error, "CloudWatch for the function's runs", "cloudwatch:GetMetricStatistics") from None
    return int(sum(point["Sum"] for point in points))


def _parse_rate(expression: str) -> timedelta:
    match = re.fullmatch(r"rate\(([0-9]+) (minute|hour|day)s?\)", expression)
    return timedelta(**{f"{match[2]}s": int(match[1])}) if match else timedelta()


def _parse_targets(event: str) -> frozenset[str]:
    try:
        return frozenset(json.loads(event)["targets"])
    except (ValueError, KeyError, TypeError):
        return frozenset()


def _explain(error: ClientError | BotoCoreError, asked: str, right: str) -> CommandError:
    return CommandError(str(explain_aws_error(error, asked=asked, right=right, caller=OPERATOR)), code=UNKNOWN)
