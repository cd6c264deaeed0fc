"""How is every credential? Read with the operator's own rights; nothing is written, and ECR is not asked."""

import argparse
import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from argo_ecr_auth.clients.sessions import Sessions
from argo_ecr_auth.connections import Connections, WarmCache
from argo_ecr_auth.core.managed_fields import Writer
from argo_ecr_auth.core.observed import ObservedState
from argo_ecr_auth.core.results import Result, new_result
from argo_ecr_auth.core.targets import Target
from argo_ecr_auth.sync import RunOptions, sync
from argo_ecr_auth_cli.accounts import ELSEWHERE_REMEDY, Accounts, are_ambiguous, find_accounts
from argo_ecr_auth_cli.aws_session import find_account_if_possible, find_region, open_sessions
from argo_ecr_auth_cli.health import healthy
from argo_ecr_auth_cli.installation import Installation, choose_targets, load_installation, without_role
from argo_ecr_auth_cli.last_writer import find_last_writer, name_writer
from argo_ecr_auth_cli.recording_reader import RecordingReader
from argo_ecr_auth_cli.stack import get_stack_output
from argo_ecr_auth_cli.terminal.exits import OK, UNHEALTHY, UNKNOWN, CommandError
from argo_ecr_auth_cli.terminal.output import print_json, show_progress, to_operator, tolerate_closed_pipe

_STATES = {"created": "missing", "renewed": "due", "repaired": "to repair"}
"""What a dry run would do, as the state that it would do it for."""


@dataclass(frozen=True, kw_only=True)
class Status:
    """How one credential is; `state` is fresh, due, to repair, missing, ended, failed, unread or disabled."""

    result: Result
    state: str
    healthy: bool
    writer: Writer | None

    @property
    def looked_at(self) -> bool:
        return self.state not in {"disabled", "unread"}

    def as_dict(self) -> dict[str, Any]:
        said = self.result.as_dict()
        shown = ("target", "secret", "registry", "reason", "expires_at", "seconds_to_expiry")
        return {key: said[key] for key in shown} | {
            "state": self.state,
            "healthy": self.healthy,
            "last_writer": _describe_writer(self.writer) if self.writer else None,
            "error": to_operator(self.result.error) if self.result.error else None,
        }


def run(options: argparse.Namespace) -> int:
    """Show the credentials of the targets. Raises CommandError."""
    region = find_region(profile=options.profile, region=options.region)
    installation = load_installation(options, region=region)
    targets = choose_targets(installation, options.targets)
    cache = WarmCache(sessions=open_sessions(profile=options.profile, region=region), caller="your identity")
    accounts = _accounts(installation, sessions=cache.sessions, region=region)
    found = read_statuses(
        [without_role(target) for target in targets],
        cache=cache,
        renew_before=installation.renew_before,
        named=bool(options.targets),
        not_visible={target.name: why for target in targets if (why := accounts.not_visible(target))},
    )
    with tolerate_closed_pipe():
        if options.output == "json":
            print_json({"results": [status.as_dict() for status in found]})
        else:
            _print(found)
    states = {status.state for status in found if not status.healthy}
    return OK if not states else UNKNOWN if states == {"unread"} else UNHEALTHY


def read_statuses(
    targets: list[Target], *, cache: WarmCache, renew_before: timedelta, named: bool, not_visible: Mapping[str, str]
) -> list[Status]:
    """The credentials of the targets, in their order; those of disabled targets are read only where `named`.

    `elsewhere` tells, by target, why EKS does not tell here where its cluster is.
    """
    unasked = {target.name for target in targets if target.name in not_visible and target.endpoint is None}
    looked_at = [target for target in targets if (target.enabled or named) and target.name not in unasked]
    total = sum(len(target.credentials) for target in looked_at)
    with show_progress("reading", total=total) as done:
        recorder = RecordingReader(Connections(cache), done=done)
        # As much time as a slow cluster takes, and more where many wait for their turn.
        order = RunOptions(renew_before=renew_before, seconds=45 + total / 4, dry_run=True)
        results = iter(sync(looked_at, order=order, cache=cache, now=lambda: datetime.now(UTC), connections=recorder))

    def of(target: Target) -> Iterator[Status]:
        for credential in target.credentials:
            nothing = new_result(target, credential)
            if not target.enabled and not named:
                yield Status(result=nothing, state="disabled", healthy=True, writer=None)
            elif target.name in unasked:
                yield _status(
                    replace(nothing, error=f"{not_visible[target.name]}: {ELSEWHERE_REMEDY}"), None, renew_before
                )
            else:
                yield _status(next(results), recorder.observed_states.get((target.name, credential)), renew_before)

    return [status for target in targets for status in of(target)]


def _accounts(installation: Installation, *, sessions: Sessions, region: str) -> Accounts:
    """Asked for only where it matters: with no account in the settings, all is where the operator is."""
    if not any(target.account for target in installation.targets):
        return Accounts(caller=None, home=None)
    caller = find_account_if_possible(sessions, region=region)
    role = None
    if are_ambiguous(installation.targets, caller=caller):
        with contextlib.suppress(CommandError):
            role = get_stack_output(
                sessions, key="FunctionRole", installation=installation.name, region=region, instead="--profile"
            )
    return find_accounts(installation.targets, caller=caller, function_role=role)


def _status(result: Result, observed: ObservedState | None, renew_before: timedelta) -> Status:
    ended = result.seconds_to_expiry is not None and result.seconds_to_expiry <= 0
    return Status(
        result=result,
        state=(
            "unread"
            if observed is None
            else "failed"
            if result.failed
            else "ended"
            if ended
            else _STATES.get(result.action, result.action)
        ),
        healthy=healthy(result, renew_before=renew_before),
        writer=find_last_writer(observed) if observed else None,
    )


def _print(found: list[Status]) -> None:
    # Rich is of the extra.
    from argo_ecr_auth_cli.terminal.tables import colour_by_health, format_life_left, print_table  # noqa: PLC0415

    print_table(
        ("TARGET", "SECRET", "STATE", "LEFT", "LAST WRITER", "WHY"),
        [
            (
                status.result.target,
                status.result.secret,
                colour_by_health(status.state, healthy=status.healthy),
                format_life_left(status.result.seconds_to_expiry, healthy=status.healthy) if status.looked_at else "",
                f"{name_writer(status.writer)} {status.writer.time}" if status.writer else "",
                to_operator(status.result.error or status.result.reason or ""),
            )
            for status in found
        ],
        whole=("TARGET", "STATE", "LEFT"),
    )


def _describe_writer(writer: Writer) -> dict[str, str]:
    return {"manager": writer.manager, "operation": writer.operation, "time": writer.time}
