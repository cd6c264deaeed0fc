"""Checks whether the installation is deployed and runs by itself: its stack, its schedules, and its last runs."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from argo_ecr_auth.aws.sessions import Sessions
from argo_ecr_auth.core.targets import Target
from argo_ecr_auth_cli.deployment import Schedule, Stack, count_runs, describe_stack, list_schedules
from argo_ecr_auth_cli.doctor.check_context import NOT_CHECKED, Finding, Outcome
from argo_ecr_auth_cli.own_commands import OwnCommands
from argo_ecr_auth_cli.terminal.exits import CommandError

_DEPLOYED = "its stack is deployed"
_SCHEDULED = "an enabled schedule starts the function for each target"
_RUNNING = "the function has run lately"
_MISSED_RUNS = 5
_MIN_SILENCE = timedelta(minutes=10)  # Lambda's metrics come a few minutes late


def check_deployment(
    targets: Sequence[Target],
    *,
    sessions: Sessions,
    installation: str,
    region: str,
    is_home: bool,
    own_commands: OwnCommands,
    now: datetime,
) -> tuple[Stack | None, list[Outcome]]:
    """The stack, and whether the targets are checked by themselves.

    `is_home`: the function can only be in a stack of this name, in the account of the credentials. If it may be
    elsewhere, a missing stack shows nothing.
    """
    outcomes: list[Outcome] = []
    stack: Stack | None = None
    passes = _DEPLOYED

    def report(*findings: Finding) -> None:
        outcomes.append(Outcome(subject="installation", passes=passes, findings=findings))

    try:
        stack = describe_stack(sessions, installation=installation, region=region)
        if stack is None or not stack.is_deployed:
            report(_report_not_deployed(stack, installation=installation, region=region, is_home=is_home))
            return stack, outcomes
        report()
        passes = _SCHEDULED
        expected = [target for target in targets if target.enabled]
        schedules = list_schedules(sessions, stack)
        report(*_check_schedules(expected, schedules, stack=stack))
        passes = _RUNNING
        names = {target.name for target in expected}
        if enabled := [schedule for schedule in schedules if schedule.enabled and schedule.targets & names]:
            report(*_check_runs(enabled, sessions=sessions, stack=stack, own_commands=own_commands, now=now))
    except CommandError as error:
        report(report_refusal(passes, error))
    return stack, outcomes


def report_refusal(passes: str, error: CommandError) -> Finding:
    """What AWS did not show the operator."""
    remedy = "check your credentials' permissions, and the connection to AWS"
    return Finding(target=None, name=NOT_CHECKED, message=f"cannot check whether {passes}: {error}", remedy=remedy)


def _report_not_deployed(stack: Stack | None, *, installation: str, region: str, is_home: bool) -> Finding:
    status = f" (its status is {stack.status})" if stack else ""
    fact = f"the stack {installation} is not deployed in {region}{status}"
    if is_home:
        return Finding(
            target=None,
            name="not-deployed",
            message=f"{fact}: nothing renews the credentials",
            remedy="make deploy; or pass --region or --installation if it is elsewhere",
        )
    return Finding(
        target=None,
        name=NOT_CHECKED,
        message=f"whether {_DEPLOYED}: {fact} in the account of your credentials",
        remedy="use --profile of the function's account, --region or --installation",
    )


def _check_schedules(targets: Sequence[Target], schedules: Sequence[Schedule], *, stack: Stack) -> Iterator[Finding]:
    by_target = {name: schedule for schedule in schedules for name in schedule.targets}
    deleted = [schedule.name for schedule in schedules if not schedule.exists]
    for target in targets:
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


def _report_no_schedule(target: Target, *, stack: Stack, deleted: list[str]) -> Finding:
    if deleted:
        message = f"it has no schedule: {', '.join(deleted)} of the stack {stack.name} was deleted"
        remedy = "deploy once with `enabled: false` for the target, then again without"
    else:
        message, remedy = f"it has no schedule in the stack {stack.name}", "make deploy"
    return Finding(target=target.name, name="no-schedule", message=f"{message}: nothing renews it", remedy=remedy)


def _check_runs(
    schedules: list[Schedule], *, sessions: Sessions, stack: Stack, own_commands: OwnCommands, now: datetime
) -> Iterator[Finding]:
    """The function has not run for several check intervals, though its schedules are enabled."""
    function = stack.outputs.get("FunctionName")
    silence = max(_MIN_SILENCE, _MISSED_RUNS * min(schedule.every for schedule in schedules))
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
