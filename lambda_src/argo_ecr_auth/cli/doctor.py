"""What is wrong, and what to do about it? Looked at with the operator's own rights; nothing is written."""

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial

from botocore.exceptions import BotoCoreError, ClientError

from argo_ecr_auth.cli.aws import region_of, sessions_of
from argo_ecr_auth.cli.exits import OK, UNHEALTHY, UNSEEN, CommandError
from argo_ecr_auth.cli.findings.case import Case, Finding
from argo_ecr_auth.cli.findings.of_argo_cd import of_argo_cd
from argo_ecr_auth.cli.findings.of_aws import of_aws
from argo_ecr_auth.cli.findings.of_cluster import of_cluster
from argo_ecr_auth.cli.findings.of_credential import Objects, of_credential
from argo_ecr_auth.cli.installation import Installation, as_operator, chosen, installation_of
from argo_ecr_auth.cli.output import complain, progress, say, say_json, to_operator
from argo_ecr_auth.cli.side_by_side import side_by_side
from argo_ecr_auth.cli.stack import stack_output
from argo_ecr_auth.connections import Connections, Warm
from argo_ecr_auth.errors import SyncError
from argo_ecr_auth.payloads import ProveLogin
from argo_ecr_auth.registry_login import prove_login
from argo_ecr_auth.sessions import Sessions, aws_error
from argo_ecr_auth.sync import unexpected
from argo_ecr_auth.targets import Credential, Target


def run(options: argparse.Namespace) -> int:
    """Examine the targets and show what is found. Raises CommandError."""
    region = region_of(profile=options.profile, region=options.region)
    installation = installation_of(options, region=region)
    targets = chosen(installation, options.targets)
    sessions = sessions_of(profile=options.profile, region=region)
    role = options.function_role or _function_role(sessions, installation, region=region)
    cases = cases_of(targets, installation=installation, sessions=sessions, function_role=role)
    with progress("examining", total=len(cases)) as done:
        findings = [finding for found in side_by_side(examined, cases, done=done) for finding in found]
    if options.output == "json":
        say_json({"targets": [target.name for target in targets], "findings": [each.as_dict() for each in findings]})
    elif findings:
        _print(findings)
    else:
        say(f"nothing is wrong with {', '.join(target.name for target in targets)}")
    return OK if not findings else UNSEEN if all(finding.unseen for finding in findings) else UNHEALTHY


def cases_of(
    targets: Sequence[Target],
    *,
    installation: Installation,
    sessions: Sessions,
    function_role: str | None,
    prove_login: ProveLogin = prove_login,
) -> list[Case]:
    """The targets with all that is needed to examine them."""
    connections = Connections(Warm(sessions=sessions, caller="your identity"))
    ours: dict[tuple[str, str, str | None], set[tuple[str, str]]] = defaultdict(set)
    for target in installation.targets:
        place = (target.cluster, target.region, installation.accounts.get(target.name))
        ours[place] |= {(credential.namespace, credential.secret_name) for credential in target.credentials}
    return [
        Case(
            target=as_operator(target),
            role=target.role,
            account=installation.accounts.get(target.name),
            group=installation.name,
            function_role=function_role,
            in_vpc=installation.in_vpc,
            edit_policy=target.name in installation.edit_policy,
            ours=frozenset(ours[target.cluster, target.region, installation.accounts.get(target.name)]),
            renew_before=installation.renew_before,
            sessions=sessions,
            connections=connections,
            prove_login=prove_login,
            now=datetime.now(UTC),
        )
        for target in targets
    ]


def examined(case: Case) -> list[Finding]:
    """All that is wrong with a target; what cannot be looked at keeps nothing else from it."""
    findings = _looked(case, "EKS", lambda: of_aws(case))
    if any(finding.name == "no-such-cluster" for finding in findings):
        return findings
    try:
        connection = case.connections.connection(case.target)
    except SyncError as error:
        return [*findings, _unseen(case, "the cluster", str(error))]
    rights = _looked(case, "the function's rights", lambda: of_cluster(case, connection))
    credentials = [
        finding
        for credential in case.target.credentials
        for finding in _looked(case, credential.secret_name, partial(_of_credential, case, credential))
    ]
    shadows = _looked(case, "other Secrets of Argo CD", lambda: of_argo_cd(case, connection))
    return [*findings, *rights, *credentials, *shadows]


def _of_credential(case: Case, credential: Credential) -> Iterator[Finding]:
    _, reading = case.connections.read(case.target, credential)
    yield from of_credential(case, Objects(credential=credential, reading=reading))


def _looked(case: Case, what: str, look: Callable[[], Iterable[Finding]]) -> list[Finding]:
    findings: list[Finding] = []
    try:
        for finding in look():
            findings.append(finding)  # noqa: PERF402 - what is found before an error stays found
    except SyncError as error:
        findings.append(_unseen(case, what, str(error)))
    except (ClientError, BotoCoreError) as error:
        findings.append(_unseen(case, what, str(aws_error(error, asked="AWS"))))
    except Exception as error:  # noqa: BLE001 - whatever it is, the rest is still looked at
        findings.append(_unseen(case, what, unexpected(error)))
    return findings


def _unseen(case: Case, what: str, said: str) -> Finding:
    return case.unseen(what, to_operator(said), remedy="doctor looks with your own rights and from where you are")


def _function_role(sessions: Sessions, installation: Installation, *, region: str) -> str | None:
    try:
        return stack_output(
            sessions, key="FunctionRole", installation=installation.name, region=region, instead="--function-role"
        )
    except CommandError as error:
        complain(str(error))
        return None


def _print(findings: list[Finding]) -> None:
    from argo_ecr_auth.cli.tables import coloured, print_table  # noqa: PLC0415 - rich is of the extra

    print_table(
        ("TARGET", "FINDING", "WHAT", "REMEDY"),
        [(finding.target, coloured(finding.name, healthy=False), finding.said, finding.remedy) for finding in findings],
        whole=("TARGET", "FINDING"),
    )
