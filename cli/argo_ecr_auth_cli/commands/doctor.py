"""Shows what was checked, what is wrong and what to do about it, with the operator's own permissions; only reads."""

import argparse
from datetime import UTC, datetime

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from argo_ecr_auth.api_server.eks_server import EksApiServers
from argo_ecr_auth.api_server.warm_cache import WarmCache
from argo_ecr_auth_cli.aws_session import Operator, find_region, sign_in
from argo_ecr_auth_cli.concurrency import map_concurrently
from argo_ecr_auth_cli.deployment import FunctionLog, Stack, read_log
from argo_ecr_auth_cli.doctor.check_context import Outcome, SharedContext, make_contexts
from argo_ecr_auth_cli.doctor.deployment import check_deployment, report_refusal
from argo_ecr_auth_cli.doctor.examine import examine
from argo_ecr_auth_cli.doctor.report import list_findings, print_report
from argo_ecr_auth_cli.installation import Installation, choose_enabled_targets, load_installation
from argo_ecr_auth_cli.kubeconfig import open_kubeconfig
from argo_ecr_auth_cli.own_commands import make_own_commands
from argo_ecr_auth_cli.terminal.exits import OK, UNHEALTHY, UNKNOWN, USAGE, CommandError
from argo_ecr_auth_cli.terminal.output import print_json, show_progress, tolerate_closed_pipe
from argo_ecr_auth_settings.field_types import RoleArn


def run(options: argparse.Namespace) -> int:
    """Examine the targets and show what is found. Raises CommandError."""
    region = find_region(profile=options.profile, region=options.region)
    given_role = _parse_role(options.function_role)
    installation = load_installation(options, region=region)
    targets = choose_enabled_targets(installation, options.targets)
    own_commands = make_own_commands(options)
    operator = sign_in(profile=options.profile, region=region)
    servers = open_kubeconfig(options, targets) or EksApiServers(WarmCache(sessions=operator.sessions))
    now = datetime.now(UTC)
    stack, outcomes = check_deployment(
        targets,
        sessions=operator.sessions,
        installation=installation.name,
        region=region,
        # With a role of the command line, the function may be in a stack of another name.
        is_home=not given_role and not any(target.account for target in installation.targets),
        own_commands=own_commands,
        now=now,
    )
    function_role = given_role or (stack.outputs.get("FunctionRole") if stack else None)
    shared = SharedContext(
        installation=installation,
        operator=operator,
        function_role=function_role,
        function_role_id=_find_role_id(function_role, operator=operator, region=targets[0].region),
        own_commands=own_commands,
        servers=servers,
        log=_read_log(None if given_role else stack, outcomes, operator=operator, installation=installation, now=now),
        now=now,
    )
    contexts = make_contexts(targets, shared)
    with show_progress("examining", total=len(contexts)) as done:
        for of_target in map_concurrently(examine, contexts, done=done):
            outcomes += of_target
    findings = list_findings(outcomes)
    with tolerate_closed_pipe():
        if options.output == "json":
            shown = [finding.as_dict() for finding in findings]
            print_json({"targets": [target.name for target in targets], "findings": shown})
        else:
            print_report(outcomes, [target.name for target in targets])
    return OK if not findings else UNKNOWN if all(finding.not_checked for finding in findings) else UNHEALTHY


def _read_log(
    stack: Stack | None, outcomes: list[Outcome], *, operator: Operator, installation: Installation, now: datetime
) -> FunctionLog | None:
    """The function's log; if it cannot be read, the outcomes say so."""
    if stack is None:
        return None
    try:
        return read_log(operator.sessions, stack, check_intervals=installation.check_intervals, now=now)
    except CommandError as error:
        passes = "the last runs succeeded"
        outcomes.append(Outcome(subject="function", passes=passes, findings=(report_refusal(passes, error),)))
        return None


def _find_role_id(role: str | None, *, operator: Operator, region: str) -> str | None:
    """The unique id of the function's role, None if IAM does not say."""
    if role is None:
        return None
    _, _, _, _, account, name = role.split(":", 5)
    if account != operator.account:
        return None
    try:
        answer = operator.sessions.client("iam", region=region).get_role(RoleName=name.rpartition("/")[2])
        return str(answer["Role"]["RoleId"])
    except (ClientError, BotoCoreError):
        return None


def _parse_role(function_role: str | None) -> str | None:
    try:
        return msgspec.convert(function_role, type=RoleArn | None)
    except msgspec.ValidationError:
        raise CommandError(f"--function-role: {function_role} is not the ARN of a role", code=USAGE) from None
