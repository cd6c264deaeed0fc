"""Checks whether the installation is deployed and runs by itself: its stack, its schedules, and its last runs."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from argo_ecr_auth.aws.sessions import Sessions
from argo_ecr_auth.core.targets import Target
from argo_ecr_auth_cli.deployment import Schedule, Stack, count_runs, describe_stack, list_schedules
from argo_ecr_auth_cli.doctor.check_context import NOT_CHECKED, Finding
from argo_ecr_auth_cli.own_commands import OwnCommands
from argo_ecr_auth_cli.terminal.exits import CommandError

_TICKS = 5
_SHORTEST_SILENCE = timedelta(minutes=10)  # Lambda's metrics come a few minutes late


def check_deployment(
    targets: Sequence[Target],
    *,
    sessions: Sessions,
    installation: str,
    region: str,
    is_home: bool,
    own_commands: OwnCommands,
    now: datetime,
) -> tuple[Stack | None, list[Finding]]:
    """The stack, and why the targets are not checked by themselves.

    `is_home`: the function can only be in a stack of this name, in the account of the credentials. Where it may be
    elsewhere, a missing stack shows nothing.
    """
    findings: list[Finding] = []
    stack: Stack | None = None
    try:
        stack = describe_stack(sessions, installation=installation, region=region)
        if stack is None or not stack.is_deployed:
            findings.append(_report_not_deployed(stack, installation=installation, region=region, is_home=is_home))
        else:
            findings += _check_schedules(targets, sessions=sessions, stack=stack, own_commands=own_commands, now=now)
    except CommandError as error:
        findings.append(
            Finding(
                target=None,
                name=NOT_CHECKED,
                message=f"whether the function runs: {error}",
                remedy="use credentials with this right",
            )
        )
    return stack, findings


def _report_not_deployed(stack: Stack | None, *, installation: str, region: str, is_home: bool) -> Finding:
    status = f" (its status is {stack.status})" if stack else ""
    where = f"the stack {installation} is not deployed in {region}{status}"
    if is_home:
        return Finding(
            target=None,
            name="not-deployed",
            message=f"{where}: nothing renews the credentials",
            remedy="make deploy; or give --region or --installation if it is elsewhere",
        )
    return Finding(
        target=None,
        name=NOT_CHECKED,
        message=f"whether the function runs: {where} in the account of your credentials",
        remedy="use --profile of the function's account, --region or --installation",
    )


def _check_schedules(
    targets: Sequence[Target], *, sessions: Sessions, stack: Stack, own_commands: OwnCommands, now: datetime
) -> Iterator[Finding]:
    schedules = list_schedules(sessions, stack)
    expected = [target for target in targets if target.enabled]
    by_target = {name: schedule for schedule in schedules for name in schedule.targets}
    deleted = [schedule.name for schedule in schedules if not schedule.exists]
    for target in expected:
        schedule = by_target.get(target.name)
        if schedule is None:
            yield _report_no_schedule(target, stack=stack, deleted=deleted)
        elif not schedule.enabled:
            yield Finding(
                target=target.name,
                name="schedule-disabled",
                message=f"the schedule {schedule.name} is disabled: nothing renews the credentials",
                remedy=f"enable it in the EventBridge Scheduler console of {stack.region}",
            )
    running = [by_target[target.name] for target in expected if target.name in by_target]
    if enabled := [schedule for schedule in running if schedule.enabled]:
        yield from _check_runs(enabled, sessions=sessions, stack=stack, own_commands=own_commands, now=now)


def _report_no_schedule(target: Target, *, stack: Stack, deleted: list[str]) -> Finding:
    if deleted:
        message = f"it has no schedule: of the stack {stack.name}, {', '.join(deleted)} was deleted"
        remedy = "deploy once with `enabled: false` for the target, then again without"
    else:
        message, remedy = f"it has no schedule in the stack {stack.name}", "make deploy"
    return Finding(target=target.name, name="no-schedule", message=f"{message}: nothing renews it", remedy=remedy)


def _check_runs(
    schedules: list[Schedule], *, sessions: Sessions, stack: Stack, own_commands: OwnCommands, now: datetime
) -> Iterator[Finding]:
    """The function has not run for several ticks, though its schedules are enabled."""
    function = stack.outputs.get("FunctionName")
    silence = max(_SHORTEST_SILENCE, _TICKS * min(schedule.every for schedule in schedules))
    since = now - silence
    if function is None or stack.changed_at > since:
        return
    if count_runs(sessions, function=function, region=stack.region, since=since, until=now) == 0:
        minutes = int(silence.total_seconds()) // 60
        yield Finding(
            target=None,
            name="not-running",
            message=f"the function {function} has not run in the last {minutes} min",
            remedy=f"{own_commands.format('invoke')} shows whether it can run; with `monitoring`, see the alarms "
            "Throttled and Undelivered",
        )
