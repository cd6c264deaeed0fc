"""Checks that the rights which the settings need fit into the policies of one role."""

from collections.abc import Iterable

from argo_ecr_auth.core.registry import find_partition
from argo_ecr_auth_settings.access_plan import add_access_roles
from argo_ecr_auth_settings.names import AccountRegion, HomeDeployment
from argo_ecr_auth_settings.permissions import Statement, make_statements
from argo_ecr_auth_settings.pull_permissions import collect_pulls
from argo_ecr_auth_settings.resolve import resolve_targets
from argo_ecr_auth_settings.settings import Settings

MOST_MANAGED_POLICIES = 10
"""Of a role (IAM quotas)."""

# The characters that CDK puts into the role's own policy, less those for the log and a VPC, and into a managed one.
_INLINE = 10_000 - 1_000
_MANAGED = 6_000
# CDK counts 150 characters for an ARN that it does not fully know.
_UNKNOWN_ACCOUNT, _UNKNOWN_ARN = "${unknown}", 150


def find_policy_size_faults(settings: Settings, *, account: str | None, region: str | None) -> tuple[str, ...]:
    """One fault if all rights together are too long. `account` and `region` are the stack's, None where not known.

    The settings must have no other faults, because the rights are made from them as for a deployment.
    """
    home = HomeDeployment(place=AccountRegion(account=account, region=region), address="")
    rights = make_statements(
        resolve_targets(add_access_roles(settings, home=home), region=region or ""),
        pulls=collect_pulls(settings),
        partition=find_partition(region or "").name,
        account=account or _UNKNOWN_ACCOUNT,
    )
    if _count_managed_policies(rights) <= MOST_MANAGED_POLICIES:
        return ()
    roles, repositories = (
        len({resource for one in rights if one.sid.startswith(name) for resource in one.resources})
        for name in ("Roles", "Pull")
    )
    fault = (
        f"{roles} roles to assume and {repositories} repositories do not fit into IAM's policies "
        f"({MOST_MANAGED_POLICIES} of 6,144 characters for a role); name repositories by pattern (charts/*), or divide "
        "the targets between two installations"
    )
    return (f"{'targets' if roles >= repositories else 'credentials'}: {fault}",)


def _count_managed_policies(rights: Iterable[Statement]) -> int:
    """How many managed policies CDK will make. It puts each statement into the first policy with room for it."""
    left = _INLINE
    managed: list[int] = []
    for size in map(_measure, rights):
        if size < left:
            left -= size
            continue
        fitting = next((i for i, used in enumerate(managed) if used + size <= _MANAGED), None)
        if fitting is None:
            managed.append(size)
        else:
            managed[fitting] += size
    return len(managed)


def _measure(statement: Statement) -> int:
    around = len('"Effect": "Allow","Action": [],"Resource": []')
    resources = (_UNKNOWN_ARN if _UNKNOWN_ACCOUNT in one else len(one) for one in statement.resources)
    return around + sum(len(action) + 3 for action in statement.actions) + sum(size + 3 for size in resources)
