"""Checks that the permissions that the settings need fit into the policies of one role."""

from collections.abc import Iterable

from argo_ecr_auth.core.registry import find_partition
from argo_ecr_auth_settings.access_plan import add_access_roles
from argo_ecr_auth_settings.document import Fault, make_fault
from argo_ecr_auth_settings.function_permissions import Statement, make_statements
from argo_ecr_auth_settings.names import AccountRegion, HomeDeployment
from argo_ecr_auth_settings.pull_permissions import collect_pulls
from argo_ecr_auth_settings.resolve import resolve_targets
from argo_ecr_auth_settings.settings import Settings

MAX_MANAGED_POLICIES = 10
"""Per role (IAM quotas)."""

# How many characters CDK puts into the role's inline policy, minus those for the log and a VPC, and into a managed one.
_INLINE = 10_000 - 1_000
_MANAGED = 6_000
# CDK counts 150 characters for an ARN that contains a token.
_UNKNOWN_ACCOUNT, _UNKNOWN_ARN = "${unknown}", 150


def find_policy_size_faults(settings: Settings, *, account: str | None, region: str | None) -> tuple[Fault, ...]:
    """One fault if the permissions are too long. `account` and `region` are the stack's, None if unknown.

    The settings must have no other faults, because the statements are computed as for a deployment.
    """
    home = HomeDeployment(place=AccountRegion(account=account, region=region), address="")
    statements = make_statements(
        resolve_targets(add_access_roles(settings, home=home), region=region or ""),
        pulls=collect_pulls(settings),
        partition=find_partition(region or "").name,
        account=account or _UNKNOWN_ACCOUNT,
    )
    if _count_managed_policies(statements) <= MAX_MANAGED_POLICIES:
        return ()
    roles, repositories = (
        len({arn for statement in statements if statement.sid.startswith(name) for arn in statement.resources})
        for name in ("Roles", "Pull")
    )
    text = (
        f"{roles} roles to assume and {repositories} repositories do not fit into IAM's policies "
        f"({MAX_MANAGED_POLICIES} of 6,144 characters for a role); name repositories by pattern (charts/*), or divide "
        "the targets between two installations"
    )
    return (make_fault("targets" if roles >= repositories else "credentials", text),)


def _count_managed_policies(statements: Iterable[Statement]) -> int:
    """How many managed policies CDK will create. It puts each statement into the first policy with room for it."""
    left = _INLINE
    managed: list[int] = []
    for size in map(_measure, statements):
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
    resources = (_UNKNOWN_ARN if _UNKNOWN_ACCOUNT in arn else len(arn) for arn in statement.resources)
    return around + sum(len(action) + 3 for action in statement.actions) + sum(size + 3 for size in resources)
