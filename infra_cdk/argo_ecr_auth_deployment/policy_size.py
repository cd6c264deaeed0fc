"""Whether the rights that the settings imply fit into the policies that IAM lets a role have."""

from collections.abc import Iterable

from argo_ecr_auth.core.registry import find_partition
from argo_ecr_auth.core.targets import resolve_targets
from argo_ecr_auth_deployment.access_plan import add_access_roles
from argo_ecr_auth_deployment.names import AccountRegion, HomeDeployment
from argo_ecr_auth_deployment.permissions import Statement, make_statements
from argo_ecr_auth_deployment.pull_permissions import collect_pulls
from argo_ecr_auth_deployment.settings import DeploymentSettings

MOST_MANAGED_POLICIES = 10
"""Of a role (IAM quotas)."""

# What CDK puts into the role's own policy and into each managed one, and what the log and a VPC take of the first.
_INLINE = 10_000 - 1_000
_MANAGED = 6_000
# CDK takes an ARN of which it does not know all for as long.
_UNKNOWN_ACCOUNT, _UNKNOWN_ARN = "${unknown}", 150


def find_policy_size_faults(
    settings: DeploymentSettings, *, account: str | None, region: str | None
) -> tuple[str, ...]:
    """One fault for all that is too much together; `account` and `region` are the stack's, None where not known.

    The settings have no other faults: what is measured is what would be deployed.
    """
    home = HomeDeployment(place=AccountRegion(account=account, region=region), address="")
    of_role = make_statements(
        resolve_targets(add_access_roles(settings, home=home), region=region or ""),
        pulls=collect_pulls(settings),
        partition=find_partition(region or "").name,
        account=account or _UNKNOWN_ACCOUNT,
    )
    if _count_managed_policies(of_role) <= MOST_MANAGED_POLICIES:
        return ()
    roles, repositories = (
        len({resource for one in of_role if one.sid.startswith(name) for resource in one.resources})
        for name in ("Roles", "Pull")
    )
    fault = (
        f"{roles} roles to assume and {repositories} repositories do not fit into IAM's policies "
        f"({MOST_MANAGED_POLICIES} of 6,144 characters for a role); name repositories by pattern (charts/*), or divide "
        "the targets between two installations"
    )
    return (f"{'targets' if roles >= repositories else 'credentials'}: {fault}",)


def _count_managed_policies(of_role: Iterable[Statement]) -> int:
    """How many CDK will make, which puts each statement into the first policy with room for it."""
    left = _INLINE
    managed: list[int] = []
    for size in map(_measure, of_role):
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
