"""Runs the deployed function now, for all targets at once."""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from argo_ecr_auth.aws.sessions import Sessions
from argo_ecr_auth.core.events import EventError
from argo_ecr_auth_cli.aws_session import find_region, sign_in
from argo_ecr_auth_cli.concurrency import map_concurrently
from argo_ecr_auth_cli.deployment import find_function_name
from argo_ecr_auth_cli.doctor.deployment import check_deployment
from argo_ecr_auth_cli.doctor.report import list_findings
from argo_ecr_auth_cli.health import is_valid_long_enough
from argo_ecr_auth_cli.installation import DEFAULT_FILE, DEFAULT_NAME, Installation, choose_targets, load_installation
from argo_ecr_auth_cli.messages import explain_aws_error
from argo_ecr_auth_cli.own_commands import make_own_commands
from argo_ecr_auth_cli.terminal.exits import OK, UNHEALTHY, UNKNOWN, USAGE, CommandError
from argo_ecr_auth_cli.terminal.output import (
    print_error,
    print_json,
    print_line,
    show_progress,
    strip_control_characters,
    tolerate_closed_pipe,
)

_SECONDS = 100  # the function's own timeout is a minute
_WAITS = (1, 2, 4, 8, 16)  # seconds; an account may run as few as ten functions at once
_MAX_QUOTE = 300
_EXPECTED = {"target", "secret", "action", "seconds_to_expiry", "verified", "reason", "error"}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer of one invocation: results, or why there are none and the exit code that it means."""

    results: list[dict[str, Any]] = field(default_factory=list)
    fault: str | None = None
    code: int = OK


def run(options: argparse.Namespace) -> int:
    """Invoke the function and show what it answers. Raises CommandError."""
    region = find_region(profile=options.profile, region=options.region)
    installation = _load_installation(options, region=region)
    renew_before = installation.renew_before if installation else None
    events = _make_events(options, installation)
    sessions = sign_in(profile=options.profile, region=region).sessions
    installation_name = options.installation or (installation.name if installation else DEFAULT_NAME)
    name = options.function_name or find_function_name(sessions, installation=installation_name, region=region)
    client = sessions.client("lambda", region=region, seconds=_SECONDS)
    dormant = _find_dormant(installation, options, sessions=sessions, region=region)
    with show_progress("running", total=len(events)) as done:
        answers = map_concurrently(lambda event: invoke_function(client, name, event), events, done=done)
    results = [result for answer in answers for result in answer.results]
    faults = [answer.fault for answer in answers if answer.fault]
    with tolerate_closed_pipe():
        if options.output == "json":
            print_json({"results": results, "faults": faults})
        elif results:
            _print(results, renew_before=renew_before)
    for fault in dict.fromkeys([*faults, *dormant]):
        print_error(fault)
    codes = {answer.code for answer in answers}
    if not all(_is_healthy(result, renew_before=renew_before) for result in results):
        codes.add(UNHEALTHY)
    return min(codes - {OK}, default=OK)  # what is wrong comes before what is not known


def _find_dormant(
    installation: Installation | None, options: argparse.Namespace, *, sessions: Sessions, region: str
) -> list[str]:
    """Why the targets are not renewed without this command, which a run by hand would hide."""
    if installation is None or options.function_name:
        return []
    _, outcomes = check_deployment(
        choose_targets(installation, options.targets),
        sessions=sessions,
        installation=installation.name,
        region=region,
        is_home=True,
        own_commands=make_own_commands(options),
        now=datetime.now(UTC),
    )
    return [
        f"{finding.target or installation.name}: {finding.message}; {finding.remedy}"
        for finding in list_findings(outcomes)
        if not finding.not_checked
    ]


def _load_installation(options: argparse.Namespace, *, region: str) -> Installation | None:
    """The settings' installation, None without a settings file: the function has its own settings."""
    if options.settings is None and options.cluster is None and not Path(DEFAULT_FILE).exists():
        return None
    return load_installation(options, region=region)


def _make_events(options: argparse.Namespace, installation: Installation | None) -> list[dict[str, Any]]:
    flags = {key: True for key in ("dry_run", "force") if getattr(options, key)}
    if installation is None and not options.targets:
        return [flags]
    # Without a settings file only the function knows its targets.
    targets = choose_targets(installation, options.targets) if installation else ()
    names = options.targets or [target.name for target in targets if target.enabled]
    if not names:
        raise CommandError("every target of the settings is disabled: name one to run it", code=USAGE)
    # A run for each, so that a slow one does not take the time of the others.
    return [{"targets": [name], **flags} for name in dict.fromkeys(names)]


def invoke_function(
    client: Any, function: str, event: dict[str, Any], *, wait: Callable[[float], None] = time.sleep
) -> Answer:
    """The answer of one run. Calls again, after some seconds, only if Lambda has no room for another run."""
    name = ", ".join(event.get("targets", ["all targets"]))
    try:
        answer = _invoke(client, function, event, wait=wait)
        payload = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            # A credential failed: the message is the whole result.
            kind, message = payload.get("errorType"), str(payload.get("errorMessage"))
            if not message.startswith("{"):
                quote = strip_control_characters(message)[:_MAX_QUOTE]
                code = USAGE if kind == EventError.__name__ else UNHEALTHY
                return Answer(fault=f"{name}: the function failed with {kind}: {quote}", code=code)
            payload = json.loads(message)
        if all(result.keys() >= _EXPECTED for result in payload["results"]):
            return Answer(results=payload["results"])
    except (ClientError, BotoCoreError) as error:
        doing = f"invoke {function} for {name}"
        refusal = explain_aws_error(error, doing=doing, permission="lambda:InvokeFunction on it")
        return Answer(fault=refusal, code=UNKNOWN)
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    return Answer(fault=f"{name}: {function} responds, but not like argo-ecr-auth's function", code=UNKNOWN)


def _invoke(client: Any, function: str, event: dict[str, Any], *, wait: Callable[[float], None]) -> dict[str, Any]:
    request = {"FunctionName": function, "Payload": json.dumps(event).encode()}
    for seconds in _WAITS:
        try:
            return dict(client.invoke(**request))
        except client.exceptions.TooManyRequestsException:  # so it has not run
            wait(seconds)
    return dict(client.invoke(**request))


def _is_healthy(result: dict[str, Any], *, renew_before: timedelta | None) -> bool:
    """Whether it did not fail and, if `renew_before` is known, its token is valid long enough."""
    if result["action"] == "failed":
        return False
    return renew_before is None or is_valid_long_enough(result["seconds_to_expiry"], renew_before=renew_before)


def _print(results: list[dict[str, Any]], *, renew_before: timedelta | None) -> None:
    # Rich is of the extra.
    from argo_ecr_auth_cli.terminal.tables import color_by_health, format_time_left, print_table  # noqa: PLC0415

    dry_run = any(result.get("dry_run") for result in results)
    rows = []
    for result in results:
        healthy = _is_healthy(result, renew_before=renew_before)
        rows.append(
            (
                result["target"],
                result["secret"],
                color_by_health(result["action"], healthy=healthy),
                format_time_left(result["seconds_to_expiry"], healthy=healthy),
                {True: "yes", False: "no"}.get(result["verified"], ""),
                result["error"] or result["reason"] or "",
            )
        )
    print_table(
        ("TARGET", "SECRET", "WOULD BE" if dry_run else "ACTION", "LEFT", "LOGS IN", "WHY"),
        rows,
        whole=("LEFT",),
        below=("WHY",),
    )
    if dry_run:
        print_line("a dry run: nothing was written")
