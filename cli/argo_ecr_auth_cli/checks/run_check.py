"""One look at a time: what cannot be looked at is told, and keeps nothing else from being found."""

from collections.abc import Callable, Iterable

from botocore.exceptions import BotoCoreError, ClientError

from argo_ecr_auth.clients.sessions import explain_aws_error
from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.sync import describe_unexpected
from argo_ecr_auth_cli.checks.check_context import CheckContext, Finding
from argo_ecr_auth_cli.terminal.output import to_operator


def run_check(context: CheckContext, what: str, check: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """What a look finds, and where it ends before its time, why."""
    findings: list[Finding] = []
    try:
        for finding in check():
            findings.append(finding)  # noqa: PERF402 - what is found before an error stays found
    except SyncError as error:
        findings.append(unknown(context, what, str(error)))
    except (ClientError, BotoCoreError) as error:
        findings.append(unknown(context, what, str(explain_aws_error(error, asked="AWS"))))
    except Exception as error:  # noqa: BLE001 - whatever it is, the rest is still looked at
        findings.append(unknown(context, what, describe_unexpected(error)))
    return findings


def unknown(context: CheckContext, what: str, said: str) -> Finding:
    """That it could not be looked at, by whose rights."""
    return context.unknown(what, to_operator(said), remedy="doctor looks with your own rights and from where you are")
