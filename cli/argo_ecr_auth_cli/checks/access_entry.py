"""The function's access entry in a cluster: whether there is one, and what it gives."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from argo_ecr_auth.core.registry import find_partition
from argo_ecr_auth_cli.checks.check_context import CheckContext, Finding


def check_access_entry(context: CheckContext, eks: Any, *, mode: str | None) -> Iterator[Finding]:
    """What keeps the function out. Raises botocore's errors where something may not be asked."""
    principal = _get_principal(context)
    if principal is None:
        yield context.unknown(
            "access entry", "the function's role is not known", remedy="give --function-role ARN, or --installation"
        )
    elif _has_access_stack(context):
        if not _list_access_stack_entries(context, eks):
            yield context.found(
                "no-access-entry",
                f"the cluster has no access entry for a role {context.group}-access-...",
                remedy=f"deploy the access stack of the account {context.target.account} (make deploy does all stacks)",
            )
    elif (groups := _get_groups(context, eks, principal)) is None:
        # Without an entry, a role of the user's own may come in by aws-auth.
        if mode == "API" or not context.entry_by_user:
            yield _report_no_entry(context, principal)
    elif context.access == "edit-policy" and not context.entry_by_user:
        yield from _check_policies(context, eks, principal)
    elif (
        context.group not in groups
        and not (context.entry_by_user and groups)
        and not _list_policies(context, eks, principal)
    ):
        everything = " ".join([*groups, context.group])  # an update replaces what is there
        yield context.found(
            "no-group",
            f"the access entry of {principal} gives it neither the group {context.group} nor a policy",
            remedy=f"deploy, or aws eks update-access-entry {_place(context, principal)} "
            f"--kubernetes-groups {everything}",
        )


def is_let_in_by_group(context: CheckContext) -> bool:
    """Whether the installation's group is what lets in a role that is the user's own: then the group's Roles count.

    Raises botocore's errors where that may not be asked.
    """
    principal = _get_principal(context)
    if principal is None or context.not_visible:
        return False
    eks = context.sessions.client("eks", region=context.target.region)
    groups = _get_groups(context, eks, principal)
    return groups is not None and context.group in groups and not _list_policies(context, eks, principal)


def _get_principal(context: CheckContext) -> str | None:
    return context.role.arn if context.role else context.function_role


def _has_access_stack(context: CheckContext) -> bool:
    """In another account the function assumes a role that an access stack makes, unless the user makes the access."""
    home = context.function_role.split(":")[4] if context.function_role else None
    return not context.entry_by_user and context.target.account not in {None, home}


def _list_access_stack_entries(context: CheckContext, eks: Any) -> list[str]:
    """The entries of such roles: their names tell the installation."""
    pages = eks.get_paginator("list_access_entries").paginate(clusterName=context.target.cluster)
    entries = [arn for page in pages for arn in page["accessEntries"]]
    return [arn for arn in entries if arn.rpartition("/")[2].startswith(f"{context.group}-access-")]


def _get_groups(context: CheckContext, eks: Any, principal: str) -> list[str] | None:
    """The groups of the entry, None where there is no entry."""
    try:
        entry = eks.describe_access_entry(clusterName=context.target.cluster, principalArn=principal)["accessEntry"]
    except eks.exceptions.ResourceNotFoundException:
        return None
    return list(entry.get("kubernetesGroups") or ())


def _list_policies(context: CheckContext, eks: Any, principal: str) -> list[dict[str, Any]]:
    pages = eks.get_paginator("list_associated_access_policies").paginate(
        clusterName=context.target.cluster, principalArn=principal
    )
    return [policy for page in pages for policy in page["associatedAccessPolicies"]]


def _report_no_entry(context: CheckContext, principal: str) -> Finding:
    place = _place(context, principal)
    if context.access == "edit-policy":
        create = f"aws eks create-access-entry {place} && {_format_associate(context, principal, context.namespaces)}"
    else:
        create = f"aws eks create-access-entry {place} --kubernetes-groups {context.group}"
    return context.found(
        "no-access-entry", f"the cluster has no access entry for {principal}", remedy=f"deploy, or {create}"
    )


def _check_policies(context: CheckContext, eks: Any, principal: str) -> Iterator[Finding]:
    scopes = [policy.get("accessScope") or {} for policy in _list_policies(context, eks, principal)]
    if any(scope.get("type") == "cluster" for scope in scopes):
        return
    there = sorted({namespace for scope in scopes for namespace in scope.get("namespaces") or ()})
    lacking = [each for each in context.namespaces if not any(fnmatchcase(each, pattern) for pattern in there)]
    if lacking:
        yield context.found(
            "no-policy",
            f"the access entry of {principal} has no access policy for {', '.join(lacking)}",
            remedy=f"deploy, or {_format_associate(context, principal, [*there, *lacking])}",
        )


def _format_associate(context: CheckContext, principal: str, namespaces: list[str]) -> str:
    policy = f"arn:{find_partition(context.target.region).name}:eks::aws:cluster-access-policy/AmazonEKSEditPolicy"
    scope = f"type=namespace,namespaces={','.join(namespaces)}"
    return (
        f"aws eks associate-access-policy {_place(context, principal)} --policy-arn {policy} --access-scope '{scope}'"
    )


def _place(context: CheckContext, principal: str) -> str:
    return f"--cluster-name {context.target.cluster} --region {context.target.region} --principal-arn {principal}"
