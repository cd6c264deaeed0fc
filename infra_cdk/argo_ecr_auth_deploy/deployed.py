"""Reads what is deployed: the record of the targets, when their tokens expire, and whether their schedules exist."""

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from argo_ecr_auth_cli.deployment import describe_stack, list_schedules, read_log
from argo_ecr_auth_cli.terminal.exits import CommandError
from argo_ecr_auth_deploy.destination import Destination
from argo_ecr_auth_settings.record import InstallationRecord, read_record
from argo_ecr_auth_settings.settings import parse_duration

_RUNS = 3  # of which one at least is in the log already


def read_deployed_record(installation: str, *, destination: Destination) -> InstallationRecord | None:
    """Empty if there is no stack. None, and a line on stderr, if it cannot be read."""
    client = destination.sessions.client("cloudformation", region=destination.region)
    try:
        template: Any = client.get_template(StackName=installation)["TemplateBody"]
    except (BotoCoreError, ClientError) as error:
        if isinstance(error, ClientError) and error.response.get("Error", {}).get("Code") == "ValidationError":
            return InstallationRecord(targets={})
        print(f"what is removed is not checked: {error}", file=sys.stderr)
        return None
    return read_record(json.loads(template) if isinstance(template, str) else template)


def read_expiries(
    installation: str, *, check_every: str, destination: Destination
) -> Mapping[tuple[str, str], datetime]:
    """When tokens expire by target and Secret, as far as the function's log of the last runs says."""
    now = datetime.now(UTC)
    since = now - _RUNS * parse_duration(check_every)
    try:
        stack = describe_stack(destination.sessions, installation=installation, region=destination.region)
        if stack is None:
            return {}
        results = read_log(destination.sessions, stack, verified_since=now, results_since=since).last_results
    except CommandError:
        return {}
    return {key: result.expires_at for key, result in results.items() if result.expires_at}


def find_deleted_schedules(
    installation: str, *, before: InstallationRecord, after: InstallationRecord, destination: Destination
) -> list[str]:
    """A line if CloudFormation believes in schedules that were deleted outside it: it does not recreate them.

    What the credentials may not read is not reported, and stderr says so.
    """
    stayed = [name for name, target in after.targets.items() if target.enabled and name in before.targets]
    names = [name for name in stayed if before.targets[name].enabled]
    try:
        stack = describe_stack(destination.sessions, installation=installation, region=destination.region)
        schedules = list_schedules(destination.sessions, stack) if stack and names else []
    except CommandError as error:
        print(f"whether the schedules exist is not checked: {error}", file=sys.stderr)
        return []
    scheduled = {name for schedule in schedules for name in schedule.targets}
    missing = [name for name in names if name not in scheduled]
    if not missing or all(schedule.exists for schedule in schedules):
        return []
    fact = f"the schedule of {', '.join(missing)} was deleted, and a deployment does not recreate it"
    return [f"{fact}: deploy once with `enabled: false` for the target, then again without"]
