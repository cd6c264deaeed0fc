"""The function's access entry in a cluster: whether there is one, and what it gives."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from argo_ecr_auth.core.registry import partition_of
from argo_ecr_auth_cli.checks.check_context import Case, Finding


def of_access(case: Case, eks: Any, *, mode: str | None) -> Iterator[Finding]:
    """What keeps the function out. Raises botocore's errors where something may not be asked."""
    principal = _principal(case)
    if principal is None:
        yield case.unseen(
            "access entry", "the function's role is not known", remedy="give --function-role ARN, or --installation"
        )
    elif _by_access_stack(case):
        if not _of_access_stacks(case, eks):
            yield case.found(
                "no-access-entry",
                f"the cluster has no access entry for a role {case.group}-access-...",
                remedy=f"deploy the access stack of the account {case.target.account} (make deploy does all stacks)",
            )
    elif (groups := _groups(case, eks, principal)) is None:
        # Without an entry, a role of the user's own may come in by aws-auth.
        if mode == "API" or not case.entry_by_user:
            yield _no_entry(case, principal)
    elif case.access == "edit-policy" and not case.entry_by_user:
        yield from _no_policy(case, eks, principal)
    elif case.group not in groups and not (case.entry_by_user and groups) and not _policies(case, eks, principal):
        everything = " ".join([*groups, case.group])  # an update replaces what is there
        yield case.found(
            "no-group",
            f"the access entry of {principal} gives it neither the group {case.group} nor a policy",
            remedy=f"deploy, or aws eks update-access-entry {_place(case, principal)} --kubernetes-groups {everything}",
        )


def enters_by_group(case: Case) -> bool:
    """Whether the installation's group is what lets in a role that is the user's own: then the group's Roles count.

    Raises botocore's errors where that may not be asked.
    """
    principal = _principal(case)
    if principal is None or case.elsewhere:
        return False
    eks = case.sessions.client("eks", region=case.target.region)
    groups = _groups(case, eks, principal)
    return groups is not None and case.group in groups and not _policies(case, eks, principal)


def _principal(case: Case) -> str | None:
    return case.role.arn if case.role else case.function_role


def _by_access_stack(case: Case) -> bool:
    """In another account the function assumes a role that an access stack makes, unless the user makes the access."""
    home = case.function_role.split(":")[4] if case.function_role else None
    return not case.entry_by_user and case.target.account not in {None, home}


def _of_access_stacks(case: Case, eks: Any) -> list[str]:
    """The entries of such roles: their names tell the installation."""
    pages = eks.get_paginator("list_access_entries").paginate(clusterName=case.target.cluster)
    entries = [arn for page in pages for arn in page["accessEntries"]]
    return [arn for arn in entries if arn.rpartition("/")[2].startswith(f"{case.group}-access-")]


def _groups(case: Case, eks: Any, principal: str) -> list[str] | None:
    """The groups of the entry, None where there is no entry."""
    try:
        entry = eks.describe_access_entry(clusterName=case.target.cluster, principalArn=principal)["accessEntry"]
    except eks.exceptions.ResourceNotFoundException:
        return None
    return list(entry.get("kubernetesGroups") or ())


def _policies(case: Case, eks: Any, principal: str) -> list[dict[str, Any]]:
    pages = eks.get_paginator("list_associated_access_policies").paginate(
        clusterName=case.target.cluster, principalArn=principal
    )
    return [policy for page in pages for policy in page["associatedAccessPolicies"]]


def _no_entry(case: Case, principal: str) -> Finding:
    place = _place(case, principal)
    if case.access == "edit-policy":
        create = f"aws eks create-access-entry {place} && {_associate(case, principal, case.namespaces)}"
    else:
        create = f"aws eks create-access-entry {place} --kubernetes-groups {case.group}"
    return case.found(
        "no-access-entry", f"the cluster has no access entry for {principal}", remedy=f"deploy, or {create}"
    )


def _no_policy(case: Case, eks: Any, principal: str) -> Iterator[Finding]:
    scopes = [policy.get("accessScope") or {} for policy in _policies(case, eks, principal)]
    if any(scope.get("type") == "cluster" for scope in scopes):
        return
    there = sorted({namespace for scope in scopes for namespace in scope.get("namespaces") or ()})
    lacking = [each for each in case.namespaces if not any(fnmatchcase(each, pattern) for pattern in there)]
    if lacking:
        yield case.found(
            "no-policy",
            f"the access entry of {principal} has no access policy for {', '.join(lacking)}",
            remedy=f"deploy, or {_associate(case, principal, [*there, *lacking])}",
        )


def _associate(case: Case, principal: str, namespaces: list[str]) -> str:
    policy = f"arn:{partition_of(case.target.region).name}:eks::aws:cluster-access-policy/AmazonEKSEditPolicy"
    scope = f"type=namespace,namespaces={','.join(namespaces)}"
    return f"aws eks associate-access-policy {_place(case, principal)} --policy-arn {policy} --access-scope '{scope}'"


def _place(case: Case, principal: str) -> str:
    return f"--cluster-name {case.target.cluster} --region {case.target.region} --principal-arn {principal}"
