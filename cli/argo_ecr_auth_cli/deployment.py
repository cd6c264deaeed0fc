"""The installation as it is deployed: its stack, its schedules, and whether the function runs."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from argo_ecr_auth.aws.sessions import Sessions
from argo_ecr_auth.core.timestamps import parse_time
from argo_ecr_auth_cli.concurrency import map_concurrently
from argo_ecr_auth_cli.messages import explain_aws_error
from argo_ecr_auth_cli.terminal.exits import UNKNOWN, CommandError
from argo_ecr_auth_cli.terminal.output import show_progress

# A stack of such a status has no function yet, has none at all or is losing it. ROLLBACK is of a creation that failed.
_GONE = {
    "CREATE_FAILED",
    "DELETE_FAILED",
    "DELETE_IN_PROGRESS",
    "REVIEW_IN_PROGRESS",
    "ROLLBACK_COMPLETE",
    "ROLLBACK_FAILED",
    "ROLLBACK_IN_PROGRESS",
}
_TIME_OF_VERIFICATIONS = timedelta(hours=3)  # a token is tried about once an hour
_LATENCY_OF_LOGS = timedelta(minutes=1)


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
    """One of the stack's schedules; `targets` is empty if it was deleted outside CloudFormation."""

    name: str
    exists: bool
    enabled: bool = False
    every: timedelta = timedelta()
    targets: frozenset[str] = frozenset()


def describe_stack(sessions: Sessions, *, installation: str, region: str) -> Stack | None:
    """The stack, None if there is none. Raises CommandError if CloudFormation does not say."""
    try:
        (stack,) = sessions.client("cloudformation", region=region).describe_stacks(StackName=installation)["Stacks"]
    except (ClientError, BotoCoreError) as error:
        if isinstance(error, ClientError) and error.response.get("Error", {}).get("Code") == "ValidationError":
            return None
        raise _explain(error, f"read the stack {installation}", "cloudformation:DescribeStacks") from None
    return Stack(
        name=installation,
        region=region,
        status=stack["StackStatus"],
        changed_at=stack.get("LastUpdatedTime") or stack["CreationTime"],
        outputs={output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", ())},
    )


def find_function_name(sessions: Sessions, *, installation: str, region: str) -> str:
    """The function's name, from the stack's outputs. Raises CommandError."""
    remedy = "pass --region, --installation or --function-name"
    try:
        stack = describe_stack(sessions, installation=installation, region=region)
    except CommandError as error:
        raise CommandError(f"{error}; {remedy}", code=UNKNOWN) from None
    if stack is None or "FunctionName" not in stack.outputs:
        what = f"no output FunctionName in the stack {installation}" if stack else f"no stack {installation}"
        raise CommandError(f"there is {what} in {region}: {remedy}", code=UNKNOWN)
    return stack.outputs["FunctionName"]


def list_schedules(sessions: Sessions, stack: Stack) -> list[Schedule]:
    """The stack's schedules as they are now. Raises CommandError."""
    scheduler = sessions.client("scheduler", region=stack.region)
    try:
        names = _list_resources(sessions, stack)
        groups = [*names["AWS::Scheduler::ScheduleGroup"], "default"]
        schedules = names["AWS::Scheduler::Schedule"]
        with show_progress("schedules", total=len(schedules)) as done:
            return map_concurrently(lambda name: _read_schedule(scheduler, name, groups), schedules, done=done)
    except (ClientError, BotoCoreError) as error:
        doing = f"read the schedules of the stack {stack.name}"
        raise _explain(error, doing, "cloudformation:ListStackResources and scheduler:GetSchedule") from None


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
        raise _explain(error, "read the function's metrics", "cloudwatch:GetMetricStatistics") from None
    return int(sum(point["Sum"] for point in points))


@dataclass(frozen=True, kw_only=True)
class LoggedResult:
    """A result of the function for one credential, as its log has it."""

    at: datetime
    action: str
    verified: bool | None
    reason: str | None
    error: str | None
    error_type: str | None
    expires_at: datetime | None
    is_again: bool = False  # the run before had the same action

    @property
    def failed(self) -> bool:
        return self.action == "failed"

    @property
    def is_undone(self) -> bool:
        """Whether each run has to repair what another one wrote or somebody else did."""
        return self.action == "repaired" and self.is_again


@dataclass(frozen=True, kw_only=True)
class FunctionLog:
    """What the function's log says of each credential, by target and Secret."""

    verified_at: Mapping[tuple[str, str], datetime]  # when a registry last accepted its token
    last_results: Mapping[tuple[str, str], LoggedResult]


def read_log(
    sessions: Sessions, stack: Stack, *, check_intervals: Mapping[str, timedelta], now: datetime
) -> FunctionLog:
    """The results of each target's last two runs, and of those that verified a token lately. Raises CommandError."""
    verified_since = now - _TIME_OF_VERIFICATIONS
    results_since = {name: now - 2.5 * interval - _LATENCY_OF_LOGS for name, interval in check_intervals.items()}
    verified_at: dict[tuple[str, str], datetime] = {}
    last_results: dict[tuple[str, str], LoggedResult] = {}
    try:
        pages = sessions.client("logs", region=stack.region).get_paginator("filter_log_events")
        for group in _list_resources(sessions, stack)["AWS::Logs::LogGroup"]:
            accepted = _read_results(pages, group, "{ $.verified IS TRUE }", since=verified_since)
            verified_at |= {key: result.at for key, result in accepted if result.verified}
            for key, result in _read_results(pages, group, "{ $.secret = * }", since=min(results_since.values())):
                if result.at < results_since.get(key[0], now):
                    continue
                before = last_results.get(key)
                last_results[key] = replace(result, is_again=bool(before and before.action == result.action))
    except (ClientError, BotoCoreError) as error:
        raise _explain(error, "read the function's log", "logs:FilterLogEvents") from None
    return FunctionLog(verified_at=verified_at, last_results=last_results)


def _read_results(
    pages: Any, group: str, pattern: str, *, since: datetime
) -> Iterator[tuple[tuple[str, str], LoggedResult]]:
    start = int(since.timestamp() * 1000)
    for page in pages.paginate(logGroupName=group, startTime=start, filterPattern=pattern):
        yield from filter(None, map(_parse_result, page["events"]))


def _parse_result(event: Mapping[str, Any]) -> tuple[tuple[str, str], LoggedResult] | None:
    try:
        line = json.loads(event["message"])
        at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
        # The function's logger leaves out what is null.
        known = {key: line.get(key) for key in ("verified", "reason", "error", "error_type")}
        result = LoggedResult(at=at, action=line["action"], expires_at=parse_time(line.get("expires_at")), **known)
        return (str(line["target"]), str(line["secret"])), result
    except (ValueError, KeyError, TypeError):
        return None


def _list_resources(sessions: Sessions, stack: Stack) -> Mapping[str, list[str]]:
    """The names of the stack's resources, by type."""
    names: Mapping[str, list[str]] = defaultdict(list)
    pages = sessions.client("cloudformation", region=stack.region).get_paginator("list_stack_resources")
    for page in pages.paginate(StackName=stack.name):
        for resource in page["StackResourceSummaries"]:
            names[resource["ResourceType"]].append(resource.get("PhysicalResourceId", ""))
    return names


def _read_schedule(scheduler: Any, name: str, groups: Sequence[str]) -> Schedule:
    for group in groups:
        try:
            found = scheduler.get_schedule(Name=name, GroupName=group)
        except scheduler.exceptions.ResourceNotFoundException:
            continue
        return Schedule(
            name=name,
            exists=True,
            enabled=found["State"] == "ENABLED",
            every=_parse_rate(found["ScheduleExpression"]),
            targets=_parse_targets(found["Target"].get("Input", "")),
        )
    return Schedule(name=name, exists=False)


def _parse_rate(expression: str) -> timedelta:
    match = re.fullmatch(r"rate\(([0-9]+) (minute|hour|day)s?\)", expression)
    return timedelta(**{f"{match[2]}s": int(match[1])}) if match else timedelta()


def _parse_targets(event: str) -> frozenset[str]:
    try:
        return frozenset(json.loads(event)["targets"])
    except (ValueError, KeyError, TypeError):
        return frozenset()


def _explain(error: ClientError | BotoCoreError, doing: str, permission: str) -> CommandError:
    return CommandError(explain_aws_error(error, doing=doing, permission=permission), code=UNKNOWN)
