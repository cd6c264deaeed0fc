"""Reads what is deployed: the record of the targets, when their tokens expire, and whether their schedules exist."""

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from argo_ecr_auth_cli.deployment import Stack, describe_stack, list_schedules, read_log
from argo_ecr_auth_cli.terminal.exits import CommandError
from argo_ecr_auth_deploy.deployment import Deployment
from argo_ecr_auth_settings.record import InstallationRecord, read_record
from argo_ecr_auth_settings.settings import parse_duration


def read_deployed_record(deployment: Deployment) -> InstallationRecord | None:
    """Empty if there is no stack. None, and a line on stderr, if it cannot be read."""
    client = deployment.destination.sessions.client("cloudformation", region=deployment.destination.region)
    try:
        template: Any = client.get_template(StackName=deployment.settings.installation)["TemplateBody"]
    except (BotoCoreError, ClientError) as error:
        if isinstance(error, ClientError) and error.response.get("Error", {}).get("Code") == "ValidationError":
            return InstallationRecord(targets={})
        why = str(error)
    else:
        try:
            return read_record(json.loads(template) if isinstance(template, str) else template)
        except (ValueError, TypeError, KeyError) as error:  # of a later release, or not made by CDK
            why = f"its targets are in a format that this version does not know ({error!r})"
    print(f"the deployed stack cannot be read, so what is removed is not known: {why}", file=sys.stderr)
    return None


def read_expiries(deployment: Deployment, *, before: InstallationRecord) -> Mapping[tuple[str, str], datetime]:
    """When tokens expire by target and Secret, as far as the function's log of the last runs says."""
    general = before.check_every or deployment.settings.check_every
    intervals = {name: parse_duration(target.check_every or general) for name, target in before.targets.items()}
    try:
        if (stack := _describe_stack(deployment)) is None:
            return {}
        log = read_log(deployment.destination.sessions, stack, check_intervals=intervals, now=datetime.now(UTC))
    except CommandError:
        return {}
    return {key: result.expires_at for key, result in log.last_results.items() if result.expires_at}


def find_deleted_schedules(deployment: Deployment, *, before: InstallationRecord) -> list[str]:
    """A line if schedules were deleted outside CloudFormation, which does not recreate them.

    What the credentials may not read is not reported, and stderr says so.
    """
    enabled = {name for name, target in before.targets.items() if target.enabled}
    names = [target.name for target in deployment.targets if target.enabled and target.name in enabled]
    try:
        stack = _describe_stack(deployment) if names else None
        schedules = list_schedules(deployment.destination.sessions, stack) if stack else []
    except CommandError as error:
        print(f"cannot check whether the schedules exist: {error}", file=sys.stderr)
        return []
    scheduled = {name for schedule in schedules for name in schedule.targets}
    missing = [name for name in names if name not in scheduled]
    if not missing or all(schedule.exists for schedule in schedules):
        return []
    fact = f"the schedule of {', '.join(missing)} was deleted, and a deployment does not recreate it"
    return [f"{fact}: deploy once with `enabled: false` for the target, then again without"]


def _describe_stack(deployment: Deployment) -> Stack | None:
    sessions, region = deployment.destination.sessions, deployment.destination.region
    return describe_stack(sessions, installation=deployment.settings.installation, region=region)
