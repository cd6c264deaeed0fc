"""Examines a target: the checks in their order, and which of them depend on others."""

from collections.abc import Iterator
from functools import partial

from argo_ecr_auth.core.targets import Credential
from argo_ecr_auth.credential import ApiServers
from argo_ecr_auth_cli.accounts import OTHER_ACCOUNT_REMEDY
from argo_ecr_auth_cli.doctor.applications import check_applications
from argo_ecr_auth_cli.doctor.argo_cd import check_argo_cd
from argo_ecr_auth_cli.doctor.aws import check_aws
from argo_ecr_auth_cli.doctor.check_context import CheckContext, Finding
from argo_ecr_auth_cli.doctor.cluster import check_answer, check_leftovers, check_namespaces, check_roles
from argo_ecr_auth_cli.doctor.credential import Objects, check_credential
from argo_ecr_auth_cli.doctor.run_check import run_check
from argo_ecr_auth_cli.kubeconfig import Kubeconfig
from argo_ecr_auth_cli.recording_reader import RecordingServers


def examine(context: CheckContext) -> list[Finding]:
    """All that is wrong with a target. What follows from a finding is not asked."""
    if context.not_visible:
        findings = [context.report_not_checked("EKS", context.not_visible, remedy=OTHER_ACCOUNT_REMEDY)]
        if context.target.endpoint is None and not isinstance(context.shared.servers, Kubeconfig):
            return findings
    else:
        findings = run_check(context, "EKS", lambda: check_aws(context))
    if any(finding.name == "no-such-cluster" for finding in findings):
        return findings
    return [*findings, *run_check(context, "the cluster", partial(_check_in_cluster, context))]


def _check_in_cluster(context: CheckContext) -> Iterator[Finding]:
    server = context.shared.servers.to(context.target)
    if refusal := check_answer(context, server):
        yield refusal
        return
    missing = run_check(context, "the namespaces", partial(check_namespaces, context, server))
    yield from missing
    namespaces = set(context.namespaces) - {finding.namespace for finding in missing}
    yield from run_check(context, "the function's rights", partial(check_roles, context, server, namespaces=namespaces))
    yield from run_check(context, "leftovers", partial(check_leftovers, context, server))
    recorder = RecordingServers(context.shared.servers)
    for credential in context.target.credentials:
        if credential.namespace in namespaces:
            check = partial(_check_credential, context, credential, servers=recorder)
            yield from run_check(context, credential.secret_name, check)
    yield from run_check(context, "other Secrets of Argo CD", partial(check_argo_cd, context, server))
    check = partial(check_applications, context, server, observed_states=recorder.observed_states)
    yield from run_check(context, "Applications", check)


def _check_credential(context: CheckContext, credential: Credential, *, servers: ApiServers) -> Iterator[Finding]:
    observed = servers.to(context.target).read(credential)
    yield from check_credential(context, Objects(credential=credential, observed=observed))
