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
from argo_ecr_auth_cli.accounts import ELSEWHERE, accounts_of
from argo_ecr_auth_cli.aws import account_if_known, region_of, sessions_of
from argo_ecr_auth_cli.checks.argo_cd import of_argo_cd
from argo_ecr_auth_cli.checks.aws import of_aws
from argo_ecr_auth_cli.checks.check_context import CheckContext, Finding
from argo_ecr_auth_cli.checks.cluster import of_cluster
from argo_ecr_auth_cli.checks.credential import Objects, of_credential
from argo_ecr_auth_cli.checks.run_check import looked
from argo_ecr_auth_cli.exits import OK, UNHEALTHY, UNKNOWN, USAGE, CommandError
from argo_ecr_auth_cli.installation import Installation, as_operator, chosen, installation_of
from argo_ecr_auth_cli.settings_file import repeated
from argo_ecr_auth_cli.side_by_side import side_by_side
from argo_ecr_auth_cli.stack import stack_output
from argo_ecr_auth_cli.terminal.output import complain, progress, say, say_json, to_reader


def run(options: argparse.Namespace) -> int:
    """Examine the targets and show what is found. Raises CommandError."""
    region = region_of(profile=options.profile, region=options.region)
    installation = installation_of(options, region=region)
    targets = [target for target in chosen(installation, options.targets) if target.enabled or options.targets]
    if not targets:
        raise CommandError("every target of the settings is disabled: name one to examine it", code=USAGE)
    sessions = sessions_of(profile=options.profile, region=region)
    role = _given(options.function_role) or _function_role(sessions, installation, region=region)
    contexts = make_contexts(
        targets,
        installation=installation,
        sessions=sessions,
        function_role=role,
        caller=account_if_known(sessions, region=region),
        options=repeated(options),
    )
    with progress("examining", total=len(contexts)) as done:
        findings = [finding for found in side_by_side(examined, contexts, done=done) for finding in found]
    with to_reader():
        if options.output == "json":
            told = [finding.as_dict() for finding in findings]
            say_json({"targets": [target.name for target in targets], "findings": told})
        elif findings:
            _print(findings)
        else:
            say(f"nothing is wrong with {', '.join(target.name for target in targets)}")
    return OK if not findings else UNKNOWN if all(finding.unseen for finding in findings) else UNHEALTHY


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
    accounts = accounts_of(installation.targets, caller=caller, function_role=function_role)
    connections = Connections(WarmCache(sessions=sessions))
    return [
        CheckContext(
            target=as_operator(accounts.located(target)),
            role=target.role,
            access=installation.access[target.name],
            group=installation.name,
            function_role=function_role,
            elsewhere=accounts.elsewhere(target),
            in_vpc=installation.in_vpc,
            options=options,
            ours=_ours(accounts.located(target), [accounts.located(each) for each in installation.targets]),
            renew_before=installation.renew_before,
            sessions=sessions,
            connections=connections,
            verify_login=verify_login,
            now=datetime.now(UTC),
        )
        for target in targets
    ]


def _ours(target: Target, targets: Sequence[Target]) -> frozenset[tuple[str, str]]:
    """Every Secret of the settings in the target's cluster; where an account is not known, in what may be it."""
    return frozenset(
        (credential.namespace, credential.secret_name)
        for each in targets
        if (each.cluster, each.region) == (target.cluster, target.region)
        and (each.account == target.account or None in {each.account, target.account})
        for credential in each.credentials
    )


def examined(context: CheckContext) -> list[Finding]:
    """All that is wrong with a target; what cannot be looked at keeps nothing else from it."""
    if context.elsewhere:
        findings = [context.unseen("EKS", context.elsewhere, remedy=ELSEWHERE)]
        if context.target.endpoint is None:
            return findings
    else:
        findings = looked(context, "EKS", lambda: of_aws(context))
    if any(finding.name == "no-such-cluster" for finding in findings):
        return findings
    return [*findings, *looked(context, "the cluster", partial(_in_cluster, context))]


def _in_cluster(context: CheckContext) -> Iterator[Finding]:
    connection = context.connections.connection(context.target)
    yield from looked(context, "the function's rights", partial(of_cluster, context, connection))
    for credential in context.target.credentials:
        yield from looked(context, credential.secret_name, partial(_of_credential, context, credential))
    yield from looked(context, "other Secrets of Argo CD", partial(of_argo_cd, context, connection))


def _of_credential(context: CheckContext, credential: Credential) -> Iterator[Finding]:
    _, observed = context.connections.read(context.target, credential)
    yield from of_credential(context, Objects(credential=credential, observed=observed))


def _given(function_role: str | None) -> str | None:
    try:
        return msgspec.convert(function_role, type=RoleArn | None)
    except msgspec.ValidationError:
        raise CommandError(f"--function-role: {function_role} is not the ARN of a role", code=USAGE) from None


def _function_role(sessions: Sessions, installation: Installation, *, region: str) -> str | None:
    try:
        return stack_output(
            sessions, key="FunctionRole", installation=installation.name, region=region, instead="--function-role"
        )
    except CommandError as error:
        complain(str(error))
        return None


def _print(findings: list[Finding]) -> None:
    from argo_ecr_auth_cli.terminal.tables import coloured, print_table  # noqa: PLC0415 - rich is of the extra

    print_table(
        ("TARGET", "FINDING", "WHAT", "REMEDY"),
        [(finding.target, coloured(finding.name, healthy=False), finding.said, finding.remedy) for finding in findings],
        whole=("TARGET", "FINDING"),
        below="REMEDY",
    )
