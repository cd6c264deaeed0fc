"""Run the deployed function now, for each target side by side."""

import argparse
import json
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from argo_ecr_auth.clients.sessions import explain_aws_error
from argo_ecr_auth.core.settings import Settings, duration
from argo_ecr_auth_cli.aws_session import find_region, open_sessions
from argo_ecr_auth_cli.concurrency import map_concurrently
from argo_ecr_auth_cli.health import lives_long_enough
from argo_ecr_auth_cli.installation import DEFAULT_NAME, Installation, choose_targets, load_installation
from argo_ecr_auth_cli.settings_file import DEFAULT_FILE
from argo_ecr_auth_cli.stack import get_stack_output
from argo_ecr_auth_cli.terminal.exits import OK, UNHEALTHY, UNKNOWN, USAGE, CommandError
from argo_ecr_auth_cli.terminal.output import (
    print_error,
    print_json,
    show_progress,
    strip_control_characters,
    to_operator,
    tolerate_closed_pipe,
)

_SECONDS = 100  # the function's own timeout is a minute
_LONGEST_QUOTE = 300
_SHOWN = {"target", "secret", "action", "seconds_to_expiry", "verified", "reason", "error"}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one invocation answered: results, or why there are none."""

    results: list[dict[str, Any]] = field(default_factory=list)
    fault: str | None = None


def run(options: argparse.Namespace) -> int:
    """Invoke the function and show what it answers. Raises CommandError."""
    region = find_region(profile=options.profile, region=options.region)
    sessions = open_sessions(profile=options.profile, region=region)
    installation = _installation(options, region=region)
    events = _make_events(options, installation)
    name = options.function_name or get_stack_output(
        sessions,
        key="FunctionName",
        installation=options.installation or (installation.name if installation else DEFAULT_NAME),
        region=region,
        instead="--function-name",
    )
    client = sessions.client("lambda", region=region, seconds=_SECONDS)
    with show_progress("running", total=len(events)) as done:
        answers = map_concurrently(lambda event: _invoke(client, name, event), events, done=done)
    results = [result for answer in answers for result in answer.results]
    faults = [answer.fault for answer in answers if answer.fault]
    with tolerate_closed_pipe():
        if options.output == "json":
            print_json({"results": results, "faults": faults})
        elif results:
            _print(results, renew_before=_renew_before(installation))
    for fault in dict.fromkeys(faults):
        print_error(fault)
    unhealthy = [result for result in results if not _healthy(result, renew_before=_renew_before(installation))]
    return UNHEALTHY if unhealthy else UNKNOWN if faults else OK


def _installation(options: argparse.Namespace, *, region: str) -> Installation | None:
    """Of the settings, where there are any: the function knows its own."""
    if options.settings is None and options.cluster is None and not Path(DEFAULT_FILE).exists():
        return None
    return load_installation(options, region=region)


def _make_events(options: argparse.Namespace, installation: Installation | None) -> list[dict[str, Any]]:
    asked = {key: True for key in ("dry_run", "force") if getattr(options, key)}
    if installation is None and not options.targets:
        return [asked]
    # A settings file knows all targets; without one the function says which it knows.
    targets = choose_targets(installation, options.targets) if installation else ()
    names = options.targets or [target.name for target in targets if target.enabled]
    if not names:
        raise CommandError("every target of the settings is disabled: name one to run it", code=USAGE)
    # A run of its own for each: one that is slow takes nobody else's time.
    return [{"targets": [name], **asked} for name in dict.fromkeys(names)]


def _invoke(client: Any, function: str, event: dict[str, Any]) -> Answer:
    of = ", ".join(event.get("targets", ["all targets"]))
    try:
        said = client.invoke(FunctionName=function, Payload=json.dumps(event).encode())
        payload = json.loads(said["Payload"].read())
        if "FunctionError" in said:
            # A run that failed in part ends so, with its whole result as the message.
            kind, message = payload.get("errorType"), str(payload.get("errorMessage"))
            if not message.startswith("{"):
                return Answer(
                    fault=f"{of}: the function ended with {kind}: {strip_control_characters(message)[:_LONGEST_QUOTE]}"
                )
            payload = json.loads(message)
        if all(result.keys() >= _SHOWN for result in payload["results"]):
            return Answer(results=payload["results"])
    except (ClientError, BotoCoreError) as error:
        said = explain_aws_error(error, asked=f"Lambda to run {function} for {of}", right="lambda:InvokeFunction on it")
        return Answer(fault=to_operator(str(said)))
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    return Answer(fault=f"{of}: {function} answers, but not as argo-ecr-auth's function does")


def _renew_before(installation: Installation | None) -> timedelta:
    return installation.renew_before if installation else duration(Settings(targets=()).renew_before)


def _healthy(result: dict[str, Any], *, renew_before: timedelta) -> bool:
    return result["action"] != "failed" and lives_long_enough(result["seconds_to_expiry"], renew_before=renew_before)


def _print(results: list[dict[str, Any]], *, renew_before: timedelta) -> None:
    # Rich is of the extra.
    from argo_ecr_auth_cli.terminal.tables import colour_by_health, format_life_left, print_table  # noqa: PLC0415

    rows = []
    for result in results:
        fine = _healthy(result, renew_before=renew_before)
        would = "would be " if result.get("dry_run") and result["action"] not in {"fresh", "failed"} else ""
        rows.append(
            (
                result["target"],
                result["secret"],
                colour_by_health(f"{would}{result['action']}", healthy=fine),
                format_life_left(result["seconds_to_expiry"], healthy=fine),
                {True: "yes", False: "no"}.get(result["verified"], ""),
                result["error"] or result["reason"] or "",
            )
        )
    print_table(
        ("TARGET", "SECRET", "ACTION", "LEFT", "LOGS IN", "WHY"), rows, whole=("TARGET", "ACTION", "LEFT", "LOGS IN")
    )
