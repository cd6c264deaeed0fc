"""What is wrong, and what to do about it? Looked at with the operator's own rights; nothing is written."""

import argparse
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial

import msgspec

from argo_ecr_auth.clients.registry_login import verify_login
from argo_ecr_auth.clients.sessions import Sessions
from argo_ecr_auth.connections import Connections, WarmCache
from argo_ecr_auth.core.settings import RoleArn
from argo_ecr_auth.core.targets import Credential, Target
from argo_ecr_auth.token_issuer import VerifyLogin
from argo_ecr_auth_cli.accounts import ELSEWHERE_REMEDY, find_accounts
from argo_ecr_auth_cli.aws_session import find_account_if_possible, find_region, open_sessions
from argo_ecr_auth_cli.checks.argo_cd import check_argo_cd
from argo_ecr_auth_cli.checks.aws import check_aws
from argo_ecr_auth_cli.checks.check_context import CheckContext, Finding
from argo_ecr_auth_cli.checks.cluster import check_cluster
from argo_ecr_auth_cli.checks.credential import Objects, check_credential
from argo_ecr_auth_cli.checks.run_check import run_check
from argo_ecr_auth_cli.concurrency import map_concurrently
from argo_ecr_auth_cli.installation import Installation, choose_targets, load_installation, without_role
from argo_ecr_auth_cli.settings_file import format_shared_options
from argo_ecr_auth_cli.stack import get_stack_output
from argo_ecr_auth_cli.terminal.exits import OK, UNHEALTHY, UNKNOWN, USAGE, CommandError
from argo_ecr_auth_cli.terminal.output import print_error, print_json, print_line, show_progress, tolerate_closed_pipe


def run(options: argparse.Namespace) -> int:
    """Examine the targets and show what is found. Raises CommandError."""
    region = find_region(profile=options.profile, region=options.region)
    installation = load_installation(options, region=region)
    targets = [target for target in choose_targets(installation, options.targets) if target.enabled or options.targets]
    if not targets:
        raise CommandError("every target of the settings is disabled: name one to examine it", code=USAGE)
    sessions = open_sessions(profile=options.profile, region=region)
    role = _parse_role(options.function_role) or _find_function_role(sessions, installation, region=region)
    contexts = make_contexts(
        targets,
        installation=installation,
        sessions=sessions,
        function_role=role,
        caller=find_account_if_possible(sessions, region=region),
        options=format_shared_options(options),
    )
    with show_progress("examining", total=len(contexts)) as done:
        findings = [finding for found in map_concurrently(examine, contexts, done=done) for finding in found]
    with tolerate_closed_pipe():
        if options.output == "json":
            told = [finding.as_dict() for finding in findings]
            print_json({"targets": [target.name for target in targets], "findings": told})
        elif findings:
            _print(findings)
        else:
            print_line(f"nothing is wrong with {', '.join(target.name for target in targets)}")
    return OK if not findings else UNKNOWN if all(finding.unknown for finding in findings) else UNHEALTHY


def make_contexts(
    targets: Sequence[Target],
    *,
    installation: Installation,
    sessions: Sessions,
    function_role: str | None,
    caller: str | None,
    options: str = "",
    verify_login: VerifyLogin = verify_login,
) -> list[CheckContext]:
    """The targets with all that is needed to examine them; `caller` is the account that the sessions are of."""
    accounts = find_accounts(installation.targets, caller=caller, function_role=function_role)
    connections = Connections(WarmCache(sessions=sessions, caller="your identity"))
    return [
        CheckContext(
            target=without_role(accounts.with_account(target)),
            role=target.role,
            access=installation.access[target.name],
            group=installation.name,
            function_role=function_role,
            not_visible=accounts.not_visible(target),
            in_vpc=installation.in_vpc,
            options=options,
            ours=_list_own_secrets(
                accounts.with_account(target), [accounts.with_account(each) for each in installation.targets]
            ),
            renew_before=installation.renew_before,
            sessions=sessions,
            connections=connections,
            verify_login=verify_login,
            now=datetime.now(UTC),
        )
        for target in targets
    ]


def _list_own_secrets(target: Target, targets: Sequence[Target]) -> frozenset[tuple[str, str]]:
    """Every Secret of the settings in the target's cluster; where an account is not known, in what may be it."""
    return frozenset(
        (credential.namespace, credential.secret_name)
        for each in targets
        if (each.cluster, each.region) == (target.cluster, target.region)
        and (each.account == target.account or None in {each.account, target.account})
        for credential in each.credentials
    )


def examine(context: CheckContext) -> list[Finding]:
    """All that is wrong with a target; what cannot be looked at keeps nothing else from it."""
    if context.not_visible:
        findings = [context.unknown("EKS", context.not_visible, remedy=ELSEWHERE_REMEDY)]
        if context.target.endpoint is None:
            return findings
    else:
        findings = run_check(context, "EKS", lambda: check_aws(context))
    if any(finding.name == "no-such-cluster" for finding in findings):
        return findings
    return [*findings, *run_check(context, "the cluster", partial(_check_in_cluster, context))]


def _check_in_cluster(context: CheckContext) -> Iterator[Finding]:
    connection = context.connections.connection(context.target)
    yield from run_check(context, "the function's rights", partial(check_cluster, context, connection))
    for credential in context.target.credentials:
        yield from run_check(context, credential.secret_name, partial(_check_credential, context, credential))
    yield from run_check(context, "other Secrets of Argo CD", partial(check_argo_cd, context, connection))


def _check_credential(context: CheckContext, credential: Credential) -> Iterator[Finding]:
    _, observed = context.connections.read(context.target, credential)
    yield from check_credential(context, Objects(credential=credential, observed=observed))


def _parse_role(function_role: str | None) -> str | None:
    try:
        return msgspec.convert(function_role, type=RoleArn | None)
    except msgspec.ValidationError:
        raise CommandError(f"--function-role: {function_role} is not the ARN of a role", code=USAGE) from None


def _find_function_role(sessions: Sessions, installation: Installation, *, region: str) -> str | None:
    try:
        return get_stack_output(
            sessions, key="FunctionRole", installation=installation.name, region=region, instead="--function-role"
        )
    except CommandError as error:
        print_error(str(error))
        return None


def _print(findings: list[Finding]) -> None:
    from argo_ecr_auth_cli.terminal.tables import colour_by_health, print_table  # noqa: PLC0415 - rich is of the extra

    print_table(
        ("TARGET", "FINDING", "WHAT", "REMEDY"),
        [
            (finding.target, colour_by_health(finding.name, healthy=False), finding.said, finding.remedy)
            for finding in findings
        ],
        whole=("TARGET", "FINDING"),
        below="REMEDY",
    )
