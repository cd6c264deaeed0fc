"""Runs one check: an error is reported as a finding, and does not keep other checks from running."""

from collections.abc import Callable, Iterable

from botocore.exceptions import BotoCoreError, ClientError

from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.credential import describe_unexpected
from argo_ecr_auth_cli.doctor.check_context import CheckContext, Finding
from argo_ecr_auth_cli.messages import explain_aws_error

REMEDY = "doctor looks with your own rights and from this machine"


def run_check(context: CheckContext, what: str, check: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """The findings of a check; where it ends early, the last one says why."""
    findings: list[Finding] = []
    try:
        for finding in check():
            findings.append(finding)  # noqa: PERF402 - what was found before an error stays
    except SyncError as error:
        findings.append(report_error(context, what, context.shared.identity.explain(error)))
    except (ClientError, BotoCoreError) as error:
        findings.append(report_error(context, what, explain_aws_error(error, asked="AWS")))
    except Exception as error:  # noqa: BLE001 - whatever it is, the other checks still run
        findings.append(report_error(context, what, describe_unexpected(error)))
    return findings


def report_error(context: CheckContext, what: str, message: str) -> Finding:
    """Why something was not checked."""
    return context.report_not_checked(what, message, remedy=REMEDY)
