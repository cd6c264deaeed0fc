"""Checks the function's access entry in a cluster: whether it exists, is of this role, and gives what it should."""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from argo_ecr_auth.core.errors import UnauthorizedError
from argo_ecr_auth.core.registry import find_partition
from argo_ecr_auth_cli.doctor.check_context import CheckContext, Finding, check

_EDIT_POLICY = "AmazonEKSEditPolicy"


@check("AWS", "the function's access entry is correct")
def check_access_entry(context: CheckContext, eks: Any, *, mode: str | None) -> Iterator[Finding]:
    """What keeps the function out, or lets it in too far."""
    principal = context.shared.function_role
    if mode == "CONFIG_MAP":
        if not context.user_manages_access:  # a user may give access in aws-auth
            yield report_config_map_mode(context)
    elif principal is None:
        yield context.report_not_checked(
            "whether the function's access entry is correct",
            "the function's role is not known",
            remedy="pass --function-role ARN, or --installation",
        )
    elif (entry := _get_entry(context, eks, principal)) is None:
        # Without an entry, a role of the user's own may come in by aws-auth.
        if mode == "API" or not context.user_manages_access:
            yield context.report(
                "no-access-entry",
                f"the cluster has no access entry for {principal}",
                remedy=f"{format_create(context, principal)}; or deploy, if the cluster is new in the settings "
                "(deploying does not restore an entry that somebody deleted)",
            )
    else:
        yield from _check_permissions(context, eks, entry, principal=principal)
        yield from _check_stale_entry(context, principal=principal)


@check("AWS", "no other installation of this name has access")
def check_other_entries(context: CheckContext, eks: Any) -> Iterator[Finding]:
    """An entry for the function of another account or region, which may write the same Secrets.

    Its role's name tells it (`name_function_role`), so that no entry has to be described.
    """
    function_role = re.compile(rf".*/{re.escape(context.group)}-function-[0-9a-f]{{12}}")
    pages = eks.get_paginator("list_access_entries").paginate(clusterName=context.target.cluster)
    for principal in (arn for page in pages for arn in page["accessEntries"]):
        if function_role.fullmatch(principal) and principal != context.shared.function_role:
            yield context.report(
                "other-installation",
                f"the cluster has an access entry for {principal}, the function of another installation named "
                f"{context.group}: both may write the same Secrets",
                remedy="stop one of them, or give each an installation and a secret_name of its own. If that function "
                f"no longer exists: aws eks delete-access-entry {_format_place(context, principal)}",
            )


def report_config_map_mode(context: CheckContext) -> Finding:
    """Access entries are ignored in this mode (Amazon EKS User Guide, Change authentication mode)."""
    target = context.target
    return context.report(
        "authentication-mode",
        "the cluster's authentication mode is CONFIG_MAP: it ignores access entries",
        remedy=f"aws eks update-cluster-config --name {target.cluster} --region {target.region} "
        "--access-config authenticationMode=API_AND_CONFIG_MAP (there is no way back)",
    )


def is_let_in_by_group(context: CheckContext) -> bool:
    """Whether the installation's group lets in a role that is the user's own: then the group's Roles matter.

    Raises botocore's errors.
    """
    principal = context.shared.function_role
    if principal is None or context.not_visible:
        return False
    eks = context.shared.operator.sessions.client("eks", region=context.target.region)
    entry = _get_entry(context, eks, principal)
    return entry is not None and _has_group(context, entry) and not _list_policies(context, eks, principal)


def _check_stale_entry(context: CheckContext, *, principal: str) -> Iterator[Finding]:
    """An entry is bound to the unique ID of one role: one of an earlier role looks right and lets in nobody."""
    if any(result.error_type == UnauthorizedError.__name__ for result in context.last_results.values()):
        commands = [
            f"aws eks delete-access-entry {_format_place(context, principal)}",
            format_create(context, principal),
        ]
        if context.access != "edit-policy":
            commands.append(f"{context.format_command('rbac')} | kubectl apply -f -")
        yield context.report(
            "stale-access-entry",
            f"the access entry of {principal} does not let the function in: its role was deleted and recreated",
            remedy=" && ".join(commands),
        )


def _check_permissions(
    context: CheckContext, eks: Any, entry: Mapping[str, Any], *, principal: str
) -> Iterator[Finding]:
    policies = _list_policies(context, eks, principal)
    groups = list(entry.get("kubernetesGroups") or ())
    if not context.user_manages_access:
        yield from _check_too_wide(context, policies, principal=principal)
    if context.access == "edit-policy" and not context.user_manages_access:
        yield from _check_edit_policy(context, policies, principal=principal)
    elif not _has_group(context, entry) and not (context.user_manages_access and groups) and not policies:
        all_groups = " ".join([*groups, context.group])  # an update replaces them all
        yield context.report(
            "no-group",
            f"the access entry of {principal} gives it neither the group {context.group} nor a policy",
            remedy=f"aws eks update-access-entry {_format_place(context, principal)} --kubernetes-groups {all_groups}",
        )


def _check_too_wide(context: CheckContext, policies: list[dict[str, Any]], *, principal: str) -> Iterator[Finding]:
    """Permissions that the settings do not ask for, such as those of an earlier `access: edit-policy`."""
    for policy in policies:
        arn, scope = policy["policyArn"], policy.get("accessScope") or {}
        if context.access == "edit-policy" and arn.endswith(f"/{_EDIT_POLICY}"):
            # Another target of the same cluster may need the other namespaces.
            if scope.get("type") != "cluster":
                continue
            remedy = _format_associate(context, principal, context.namespaces)
            what = f"{_EDIT_POLICY} in the whole cluster"
        else:
            remedy = f"aws eks disassociate-access-policy {_format_place(context, principal)} --policy-arn {arn}"
            what = f"the access policy {arn.rpartition('/')[2]}"
        yield context.report(
            "wide-access",
            f"the access entry of {principal} has {what}; the settings say access: {context.access}",
            remedy=remedy,
        )


def _check_edit_policy(context: CheckContext, policies: list[dict[str, Any]], *, principal: str) -> Iterator[Finding]:
    scopes = [policy.get("accessScope") or {} for policy in policies]
    if any(scope.get("type") == "cluster" for scope in scopes):
        return
    found = sorted({namespace for scope in scopes for namespace in scope.get("namespaces") or ()})
    lacking = [name for name in context.namespaces if not any(fnmatchcase(name, pattern) for pattern in found)]
    if lacking:
        yield context.report(
            "no-policy",
            f"the access entry of {principal} has no access policy for {', '.join(lacking)}",
            remedy=_format_associate(context, principal, [*found, *lacking]),
        )


def _get_entry(context: CheckContext, eks: Any, principal: str) -> Mapping[str, Any] | None:
    try:
        answer = eks.describe_access_entry(clusterName=context.target.cluster, principalArn=principal)
    except eks.exceptions.ResourceNotFoundException:
        return None
    entry: Mapping[str, Any] = answer["accessEntry"]
    return entry


def _has_group(context: CheckContext, entry: Mapping[str, Any]) -> bool:
    return context.group in (entry.get("kubernetesGroups") or ())


def _list_policies(context: CheckContext, eks: Any, principal: str) -> list[dict[str, Any]]:
    pages = eks.get_paginator("list_associated_access_policies").paginate(
        clusterName=context.target.cluster, principalArn=principal
    )
    return [policy for page in pages for policy in page["associatedAccessPolicies"]]


def format_create(context: CheckContext, principal: str) -> str:
    """The command that creates the entry, in the account of the cluster."""
    create = f"aws eks create-access-entry {_format_place(context, principal)}"
    if context.access == "edit-policy":
        return f"{create} && {_format_associate(context, principal, context.namespaces)}"
    return f"{create} --kubernetes-groups {context.group}"


def _format_associate(context: CheckContext, principal: str, namespaces: list[str]) -> str:
    policy = f"arn:{find_partition(context.target.region).name}:eks::aws:cluster-access-policy/{_EDIT_POLICY}"
    scope = f"type=namespace,namespaces={','.join(namespaces)}"
    place = _format_place(context, principal)
    return f"aws eks associate-access-policy {place} --policy-arn {policy} --access-scope '{scope}'"


def _format_place(context: CheckContext, principal: str) -> str:
    return f"--cluster-name {context.target.cluster} --region {context.target.region} --principal-arn {principal}"
