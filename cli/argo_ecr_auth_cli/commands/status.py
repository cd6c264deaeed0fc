"""Shows the state of every credential. Reads with the operator's own permissions; makes no ECR call, writes nothing."""

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from argo_ecr_auth.api_server.eks_server import EksApiServers
from argo_ecr_auth.api_server.warm_cache import WarmCache
from argo_ecr_auth.core.managed_fields import Writer, read_writers
from argo_ecr_auth.core.observed import ObservedState
from argo_ecr_auth.core.results import Result, new_result
from argo_ecr_auth.core.targets import Credential, Target
from argo_ecr_auth.core.timestamps import format_time
from argo_ecr_auth.credential import RunOptions
from argo_ecr_auth.run import run_targets
from argo_ecr_auth_cli.accounts import OTHER_ACCOUNT_REMEDY, find_accounts
from argo_ecr_auth_cli.aws_session import Operator, find_region, sign_in
from argo_ecr_auth_cli.deployment import FunctionLog, Stack, read_log
from argo_ecr_auth_cli.doctor.check_context import Finding
from argo_ecr_auth_cli.doctor.credential import name_writer
from argo_ecr_auth_cli.doctor.deployment import check_deployment
from argo_ecr_auth_cli.doctor.report import list_findings
from argo_ecr_auth_cli.health import is_healthy
from argo_ecr_auth_cli.installation import choose_targets, load_installation, without_role
from argo_ecr_auth_cli.kubeconfig import Kubeconfig, open_kubeconfig
from argo_ecr_auth_cli.own_commands import make_own_commands
from argo_ecr_auth_cli.recording_servers import RecordingServers
from argo_ecr_auth_cli.terminal.exits import OK, UNHEALTHY, UNKNOWN, CommandError
from argo_ecr_auth_cli.terminal.output import (
    print_error,
    print_json,
    print_line,
    show_progress,
    tolerate_closed_pipe,
)
from argo_ecr_auth_cli.terminal.summary import (
    FAILING,
    NOT_CHECKED,
    find_worst,
    format_summary,
    name_failure,
    rank_condition,
)

_STATES = {"created": "missing", "renewed": "due", "repaired": "to repair"}
"""The state in which a dry run would take an action."""
_WHOLE = ("TARGET", "SECRET", "STATE", "LEFT")


@dataclass(frozen=True, kw_only=True)
class Status:
    """One credential; `state` is fresh, due, to repair, missing, expired, failed, not checked or disabled."""

    result: Result
    state: str
    healthy: bool
    writer: Writer | None
    is_verified: bool  # by the settings, its registry is asked about the token
    verified_at: datetime | None = None  # when its registry last accepted the token, if the log says so
    has_log: bool = False
    failure: str | None = None  # the condition by the function's last run, if that failed

    @property
    def condition(self) -> str:
        """The state, or that it fails, whatever the state."""
        if self.failure:
            return self.failure
        return self.state if self.healthy or self.state == NOT_CHECKED else FAILING

    def as_dict(self) -> dict[str, Any]:
        result = self.result.as_dict()
        keys = ("target", "secret", "registry", "reason", "expires_at", "seconds_to_expiry")
        return {key: result[key] for key in keys} | {
            "state": self.state,
            "healthy": self.healthy,
            "tampered": self.result.tampered,
            "last_verified": format_time(self.verified_at) if self.verified_at else None,
            "last_writer": _describe_writer(self.writer) if self.writer else None,
            "error": self.result.error,
        }


def run(options: argparse.Namespace) -> int:
    """Show the credentials of the targets, the disabled ones only if they are named. Raises CommandError."""
    region = find_region(profile=options.profile, region=options.region)
    installation = load_installation(options, region=region)
    targets = choose_targets(installation, options.targets)
    operator = sign_in(profile=options.profile, region=region)
    named = bool(options.targets)
    kubeconfig = open_kubeconfig(options, [target for target in targets if target.enabled or named])
    stack, outcomes = check_deployment(
        targets,
        sessions=operator.sessions,
        installation=installation.name,
        region=region,
        is_home=not any(target.account for target in installation.targets),
        own_commands=make_own_commands(options),
        now=datetime.now(UTC),
    )
    accounts = find_accounts(
        installation.targets,
        caller=operator.account,
        function_role=stack.outputs.get("FunctionRole") if stack else None,
    )
    not_visible = {target.name: why for target in targets if (why := accounts.explain_not_visible(target))}
    statuses = _read_statuses(
        [without_role(target) for target in targets],
        operator=operator,
        renew_before=installation.renew_before,
        named=named,
        not_visible={} if kubeconfig else not_visible,
        kubeconfig=kubeconfig,
    )
    if stack is not None:
        statuses = _add_log(statuses, stack, operator=operator, check_intervals=installation.check_intervals)
    findings = list_findings(outcomes)
    with tolerate_closed_pipe():
        _print(statuses, findings, as_json=options.output == "json")
    unhealthy = {status.condition for status in statuses if not status.healthy}
    unhealthy |= {NOT_CHECKED if finding.not_checked else finding.name for finding in findings}
    return OK if not unhealthy else UNKNOWN if unhealthy == {NOT_CHECKED} else UNHEALTHY


def _add_log(
    statuses: list[Status], stack: Stack, *, operator: Operator, check_intervals: Mapping[str, timedelta]
) -> list[Status]:
    """What the function's log adds: a cluster does not show that its last run failed."""
    try:
        log = read_log(operator.sessions, stack, check_intervals=check_intervals, now=datetime.now(UTC))
    except CommandError as error:
        print_error(f"cannot check whether the last runs succeeded: {error}")
        return statuses
    return [_add_run(status, log) for status in statuses]


def _add_run(status: Status, log: FunctionLog) -> Status:
    key = (status.result.target, status.result.secret)
    status = replace(status, verified_at=log.verified_at.get(key), has_log=True)
    run = log.last_results.get(key)
    if run is None or status.state == "disabled":
        return status
    is_seen = status.state != NOT_CHECKED
    if run.failed:
        status = replace(status, failure=name_failure(run.error_type))
        error = f"the function's run at {format_time(run.at)} failed: {run.error}"
    elif run.is_undone and is_seen:
        error = f"the function's last runs each had to repair it, because something else writes it too: {run.reason}"
    else:
        return status
    if is_seen and status.result.error:  # it is of now
        error = status.result.error
    return replace(status, healthy=False, result=replace(status.result, error=error))


def _read_statuses(
    targets: list[Target],
    *,
    operator: Operator,
    renew_before: timedelta,
    named: bool,
    not_visible: Mapping[str, str],
    kubeconfig: Kubeconfig | None,
) -> list[Status]:
    """The credentials of the targets, in their order.

    `not_visible` says, by target, why EKS does not show the operator its cluster.
    """
    skipped = {target.name for target in targets if target.name in not_visible and target.endpoint is None}
    read = [target for target in targets if (target.enabled or named) and target.name not in skipped]
    total = sum(len(target.credentials) for target in read)
    with show_progress("reading", total=total) as done:
        cache = WarmCache(sessions=operator.sessions)
        recorder = RecordingServers(kubeconfig or EksApiServers(cache), done=done)
        explain = (kubeconfig or operator).identity.explain
        # As much time as a slow cluster takes, and more if many wait for their turn.
        options = RunOptions(renew_before=renew_before, seconds=45 + total / 4, dry_run=True)
        results = iter(
            run_targets(
                read, options=options, cache=cache, now=lambda: datetime.now(UTC), servers=recorder, explain=explain
            )
        )

    def list_statuses(target: Target) -> Iterator[Status]:
        for credential in target.credentials:
            nothing = new_result(target, credential)
            if not target.enabled and not named:
                yield Status(result=nothing, state="disabled", healthy=True, writer=None, is_verified=False)
            elif target.name in skipped:
                error = f"{not_visible[target.name]}: {OTHER_ACCOUNT_REMEDY}"
                yield _make_status(replace(nothing, error=error), None, renew_before, credential=credential)
            else:
                observed = recorder.observed_states.get((target.name, credential))
                yield _make_status(next(results), observed, renew_before, credential=credential)

    return [status for target in targets for status in list_statuses(target)]


def _make_status(
    result: Result, observed: ObservedState | None, renew_before: timedelta, *, credential: Credential
) -> Status:
    if observed is None:
        state = NOT_CHECKED
    elif result.failed:
        state = "failed"
    elif result.seconds_to_expiry is not None and result.seconds_to_expiry <= 0:
        state = "expired"
    else:
        state = _STATES.get(result.action, result.action)
    return Status(
        result=result,
        state=state,
        healthy=is_healthy(result, renew_before=renew_before),
        writer=_find_last_writer(observed) if observed else None,
        is_verified=credential.verify_login,
    )


def _find_last_writer(observed: ObservedState) -> Writer | None:
    """The last writer of either object; of two in the same second, the one that is not ours."""
    writers = [*read_writers(observed.secret), *read_writers(observed.config_map)]
    return max(writers, key=lambda writer: (writer.time, not writer.is_ours), default=None)


def _print(statuses: list[Status], findings: list[Finding], *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "results": [status.as_dict() for status in statuses],
                "findings": [finding.as_dict() for finding in findings],
            }
        )
        return
    _print_table(statuses)
    for finding in findings:
        what = f"{finding.target}: " if finding.target else ""
        print_error(f"{what}{finding.message}; {finding.remedy}")


def _print_table(statuses: list[Status]) -> None:
    # Rich is of the extra.
    from argo_ecr_auth_cli.terminal.tables import color_by_health, format_age, format_time_left, print_table  # noqa: PLC0415

    conditions: dict[str, list[str]] = {}
    for status in statuses:
        conditions.setdefault(status.result.target, []).append(status.condition)
    if len(conditions) > 1:
        print_line(format_summary({target: find_worst(states) for target, states in conditions.items()}))
    rows = []
    for secret, status in _fold(sorted(statuses, key=lambda status: rank_condition(status.condition))):
        checked = status.state not in {"disabled", NOT_CHECKED}
        rows.append(
            (
                status.result.target,
                secret,
                color_by_health(status.state, healthy=status.healthy),
                format_time_left(status.result.seconds_to_expiry, healthy=status.healthy) if checked else "",
                format_age(status.verified_at) if status.verified_at else _format_doubt(status) if checked else "",
                _format_writer(status.writer) if status.writer else "",
                status.result.error or status.result.reason or "",
            )
        )
    print_table(
        ("TARGET", "SECRET", "STATE", "LEFT", "VERIFIED", "LAST WRITER", "WHY"), rows, whole=_WHOLE, below=("WHY",)
    )


def _fold(statuses: list[Status]) -> Iterator[tuple[str, Status]]:
    """One row for all credentials of a target that were not checked for the same reason."""
    same: dict[tuple[str, str | None], list[Status]] = {}
    for status in statuses:
        if status.state == NOT_CHECKED:
            same.setdefault((status.result.target, status.result.error), []).append(status)
    for status in statuses:
        group = same.get((status.result.target, status.result.error), []) if status.state == NOT_CHECKED else []
        if not group:
            yield status.result.secret, status
        elif group[0] is status:
            yield status.result.secret if len(group) == 1 else f"all {len(group)}", status


def _format_doubt(status: Status) -> str:
    if not status.is_verified:
        return "off"
    return "not lately" if status.has_log else ""


def _format_writer(writer: Writer) -> str:
    from argo_ecr_auth_cli.terminal.tables import format_age  # noqa: PLC0415 - rich is of the extra

    try:
        return f"{name_writer(writer)} {format_age(datetime.fromisoformat(writer.time))}"
    except (TypeError, ValueError):  # no time, or none with a zone
        return f"{name_writer(writer)} {writer.time}"


def _describe_writer(writer: Writer) -> dict[str, str]:
    return {"manager": writer.manager, "operation": writer.operation, "time": writer.time}
