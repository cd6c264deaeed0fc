"""Examines a target: the checks in their order, and which of them depend on others."""

from collections.abc import Iterator

from argo_ecr_auth.core.errors import ForbiddenError, UnauthorizedError
from argo_ecr_auth.core.timestamps import format_time
from argo_ecr_auth_cli.accounts import OTHER_ACCOUNT_REMEDY
from argo_ecr_auth_cli.doctor.access_entry import format_create
from argo_ecr_auth_cli.doctor.applications import check_applications
from argo_ecr_auth_cli.doctor.argo_cd import check_argo_cd
from argo_ecr_auth_cli.doctor.aws import check_aws
from argo_ecr_auth_cli.doctor.check_context import Cause, CheckContext, Finding, Outcome, check
from argo_ecr_auth_cli.doctor.cluster import check_answer, check_leftovers, check_namespaces, check_roles
from argo_ecr_auth_cli.doctor.credential import Objects, check_credential, check_readable
from argo_ecr_auth_cli.kubeconfig import Kubeconfig
from argo_ecr_auth_cli.recording_servers import RecordingServers


def examine(context: CheckContext) -> list[Outcome]:
    """Check a target. What follows from a finding is not asked."""
    check_last_run(context)
    if context.not_visible:
        report_not_visible(context, context.not_visible)
        if context.target.endpoint is None and not isinstance(context.shared.servers, Kubeconfig):
            return context.outcomes
    elif any(finding.name == "no-such-cluster" for finding in check_aws(context)):
        return context.outcomes
    if not check_answer(context):
        _check_in_cluster(context)
    return context.outcomes


@check("function", "its last run kept each credential fresh")
def check_last_run(context: CheckContext) -> Iterator[Finding]:
    """What only the function itself can see: whether AWS, the cluster and the registries let it in."""
    for secret, result in context.last_results.items():
        namespace = secret.partition("/")[0]
        if result.failed:
            yield context.report(
                "run-failed",
                f"{secret}: the run at {format_time(result.at)} failed: {result.error}",
                remedy=_find_remedy(context, result.error_type),
                namespace=namespace,
                cause=Cause(failed=result.error or "", code=result.error_type or ""),
            )
        elif result.is_undone:
            yield context.report(
                "second-writer",
                f"{secret}: the last runs each had to repair it, because something else writes it too: {result.reason}",
                remedy="if it is another installation, give each a secret_name of its own; else stop the other writer",
                namespace=namespace,
            )


def _find_remedy(context: CheckContext, error_type: str | None) -> str:
    """What the cluster's owner has to add, if the cluster refuses the function."""
    principal = context.shared.function_role
    apply = f"{context.format_command('rbac')} | kubectl apply -f -"
    if error_type == UnauthorizedError.__name__ and principal:
        create = format_create(context, principal)
        return create if context.access == "edit-policy" else f"{create} && {apply}"
    if error_type == ForbiddenError.__name__ and context.access != "edit-policy":
        return apply
    return f"see what the error says; then {context.format_command('invoke')}"


@check("AWS", "EKS knows the cluster")
def report_not_visible(context: CheckContext, why: str) -> list[Finding]:
    """A cluster of an account that the operator's credentials do not see."""
    return [context.report_not_checked("EKS", why, remedy=OTHER_ACCOUNT_REMEDY)]


def _check_in_cluster(context: CheckContext) -> None:
    server = context.shared.servers.to(context.target)
    missing = check_namespaces(context, server)
    namespaces = set(context.namespaces) - {finding.namespace for finding in missing}
    check_roles(context, server, namespaces=namespaces)
    check_leftovers(context, server)
    recorder = RecordingServers(context.shared.servers)
    for credential in context.target.credentials:
        if credential.namespace in namespaces and not check_readable(context, credential, servers=recorder):
            observed = recorder.observed_states[context.target.name, credential]
            check_credential(context, Objects(credential=credential, observed=observed))
    check_argo_cd(context, server)
    check_applications(context, server, observed_states=recorder.observed_states)
