"""Shows what is wrong and what to do about it. Looks with the operator's own rights and writes nothing."""

import argparse
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from argo_ecr_auth.clients.registry_login import verify_login
from argo_ecr_auth.clients.sessions import Sessions
from argo_ecr_auth.connections import Connections, WarmCache
from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.core.targets import Credential, Target
from argo_ecr_auth.single_flight import SingleFlight
from argo_ecr_auth.sync import Reader
from argo_ecr_auth.token_issuer import VerifyLogin
from argo_ecr_auth_cli.accounts import OTHER_ACCOUNT_REMEDY, find_accounts
from argo_ecr_auth_cli.aws_session import find_region, name_principal, sign_in
from argo_ecr_auth_cli.checks.applications import check_applications
from argo_ecr_auth_cli.checks.argo_cd import check_argo_cd
from argo_ecr_auth_cli.checks.aws import check_aws
from argo_ecr_auth_cli.checks.check_context import CheckContext, Finding
from argo_ecr_auth_cli.checks.cluster import check_answer, check_leftovers, check_namespaces, check_roles
from argo_ecr_auth_cli.checks.credential import Objects, check_credential
from argo_ecr_auth_cli.checks.deployment import check_deployment
from argo_ecr_auth_cli.checks.fold_findings import fold_findings
from argo_ecr_auth_cli.checks.repo_url import find_services, format_settings
from argo_ecr_auth_cli.checks.run_check import run_check
from argo_ecr_auth_cli.concurrency import map_concurrently
from argo_ecr_auth_cli.findings_report import print_findings
from argo_ecr_auth_cli.installation import (
    Installation,
    choose_targets,
    load_installation,
    without_role,
)
from argo_ecr_auth_cli.kubeconfig import Kubeconfig, open_kubeconfig
from argo_ecr_auth_cli.own_commands import OwnCommands, make_own_commands
from argo_ecr_auth_cli.recording_reader import RecordingReader
from argo_ecr_auth_cli.terminal.exits import OK, UNHEALTHY, UNKNOWN, USAGE, CommandError
from argo_ecr_auth_cli.terminal.output import print_json, print_line, show_progress, tolerate_closed_pipe
from argo_ecr_auth_settings.field_types import RoleArn


def run(options: argparse.Namespace) -> int:
    """Examine the targets and show what is found. Raises CommandError."""
    region = find_region(profile=options.profile, region=options.region)
    given_role = _parse_role(options.function_role)
    if options.project and not options.repo_url:
        raise CommandError("--project goes with --repo-url", code=USAGE)
    installation = load_installation(options, region=region)
    targets = [target for target in choose_targets(installation, options.targets) if target.enabled or options.targets]
    if not targets:
        raise CommandError("every target of the settings is disabled: name one to examine it", code=USAGE)
    own_commands = make_own_commands(options)
    operator = sign_in(profile=options.profile, region=region)
    name_principal(operator, region=region)
    kubeconfig = open_kubeconfig(options, targets)
    if options.repo_url:
        return _explain_repo_url(
            options, targets, connections=kubeconfig or Connections(WarmCache(sessions=operator.sessions))
        )
    stack, findings = check_deployment(
        targets,
        sessions=operator.sessions,
        installation=installation.name,
        region=region,
        # With a role of the command line, the function may be in a stack of another name.
        is_home=not given_role and not any(target.account for target in installation.targets),
        own_commands=own_commands,
        now=datetime.now(UTC),
    )
    contexts = make_contexts(
        targets,
        installation=installation,
        sessions=operator.sessions,
        function_role=given_role or (stack.outputs.get("FunctionRole") if stack else None),
        caller=operator.account,
        own_commands=own_commands,
        kubeconfig=kubeconfig,
    )
    with show_progress("examining", total=len(contexts)) as done:
        found = [*findings, *(each for found in map_concurrently(examine, contexts, done=done) for each in found)]
    findings = fold_findings(found)
    with tolerate_closed_pipe():
        if options.output == "json":
            shown = [finding.as_dict() for finding in findings]
            print_json({"targets": [target.name for target in targets], "findings": shown})
        else:
            print_findings(findings, [target.name for target in targets])
    return OK if not findings else UNKNOWN if all(finding.not_checked for finding in findings) else UNHEALTHY


def _explain_repo_url(
    options: argparse.Namespace, targets: Sequence[Target], *, connections: Connections | Kubeconfig
) -> int:
    """Show which credential serves the URL of --repo-url in each target, or which settings would."""
    url, project = options.repo_url, options.project or ""
    snippet = format_settings(url, project=project)
    services = []
    for target in map(without_role, targets):
        try:
            services += find_services(target, connections.connection(target), url=url, project=project)
        except SyncError as error:
            raise CommandError(f"{target.name}: {error}", code=UNKNOWN) from None
    unserved = not services or any(not service.secrets for service in services)
    if options.output == "json":
        print_json({"services": [service.as_dict() for service in services], "settings": snippet if unserved else None})
    else:
        for service in services:
            print_line(str(service))
        if unserved and snippet is None:
            print_line(f"no settings would serve it: use {url}/PREFIX, and push the charts below a prefix")
        elif unserved and snippet:
            print_line("these settings would serve it:")
            for line in snippet.splitlines():
                print_line(f"  {line}")
    return OK if services and all(service.ours for service in services) else UNHEALTHY


def make_contexts(
    targets: Sequence[Target],
    *,
    installation: Installation,
    sessions: Sessions,
    function_role: str | None,
    caller: str | None,
    own_commands: OwnCommands,
    verify_login: VerifyLogin = verify_login,
    kubeconfig: Kubeconfig | None = None,
) -> list[CheckContext]:
    """The targets with all that their checks need; `caller` is the account of the sessions.

    With a kubeconfig, their cluster is looked at by it, instead of by EKS.
    """
    accounts = find_accounts(installation.targets, caller=caller, function_role=function_role)
    connections = kubeconfig or Connections(WarmCache(sessions=sessions))
    role_id = None
    if function_role:
        role_id = _find_role_id(sessions, function_role, caller=caller, region=targets[0].region)
    all_targets = [accounts.with_account(each) for each in installation.targets]
    shared: SingleFlight[tuple[object, ...], Any] = SingleFlight()
    return [
        CheckContext(
            target=without_role(accounts.with_account(target)),
            role=target.role,
            access=installation.access[target.name],
            group=installation.name,
            function_role=function_role,
            function_role_id=role_id,
            not_visible=accounts.explain_not_visible(target),
            in_vpc=installation.in_vpc,
            own_commands=own_commands,
            ours=_list_own_secrets(accounts.with_account(target), all_targets),
            renew_before=installation.renew_before,
            sessions=sessions,
            connections=connections,
            verify_login=verify_login,
            shared=shared,
            now=datetime.now(UTC),
        )
        for target in targets
    ]


def examine(context: CheckContext) -> list[Finding]:
    """All that is wrong with a target. What follows from a finding is not asked."""
    if context.not_visible:
        findings = [context.report_not_checked("EKS", context.not_visible, remedy=OTHER_ACCOUNT_REMEDY)]
        if context.target.endpoint is None and not isinstance(context.connections, Kubeconfig):
            return findings
    else:
        findings = run_check(context, "EKS", lambda: check_aws(context))
    if any(finding.name == "no-such-cluster" for finding in findings):
        return findings
    return [*findings, *run_check(context, "the cluster", partial(_check_in_cluster, context))]


def _check_in_cluster(context: CheckContext) -> Iterator[Finding]:
    connection = context.connections.connection(context.target)
    if refusal := check_answer(context, connection):
        yield refusal
        return
    missing = run_check(context, "the namespaces", partial(check_namespaces, context, connection))
    yield from missing
    namespaces = set(context.namespaces) - {finding.namespace for finding in missing}
    yield from run_check(
        context, "the function's rights", partial(check_roles, context, connection, namespaces=namespaces)
    )
    yield from run_check(context, "leftovers", partial(check_leftovers, context, connection))
    recorder = RecordingReader(context.connections)
    for credential in context.target.credentials:
        if credential.namespace in namespaces:
            check = partial(_check_credential, context, credential, reader=recorder)
            yield from run_check(context, credential.secret_name, check)
    yield from run_check(context, "other Secrets of Argo CD", partial(check_argo_cd, context, connection))
    check = partial(check_applications, context, connection, observed_states=recorder.observed_states)
    yield from run_check(context, "Applications", check)


def _check_credential(context: CheckContext, credential: Credential, *, reader: Reader) -> Iterator[Finding]:
    _, observed = reader.read(context.target, credential)
    yield from check_credential(context, Objects(credential=credential, observed=observed))


def _list_own_secrets(target: Target, targets: Sequence[Target]) -> frozenset[tuple[str, str]]:
    """Every Secret of the settings in the target's cluster; where an account is not known, in what may be it."""
    return frozenset(
        (credential.namespace, credential.secret_name)
        for each in targets
        if (each.cluster, each.region) == (target.cluster, target.region)
        and (each.account == target.account or None in {each.account, target.account})
        for credential in each.credentials
    )


def _find_role_id(sessions: Sessions, role: str, *, caller: str | None, region: str) -> str | None:
    """The unique id of the function's role, None where IAM does not say."""
    _, _, _, _, account, name = role.split(":", 5)
    if account != caller:
        return None
    try:
        answer = sessions.client("iam", region=region).get_role(RoleName=name.rpartition("/")[2])
        return str(answer["Role"]["RoleId"])
    except (ClientError, BotoCoreError):
        return None


def _parse_role(function_role: str | None) -> str | None:
    try:
        return msgspec.convert(function_role, type=RoleArn | None)
    except msgspec.ValidationError:
        raise CommandError(f"--function-role: {function_role} is not the ARN of a role", code=USAGE) from None
