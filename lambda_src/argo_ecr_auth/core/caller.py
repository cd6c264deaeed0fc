"""Who asks AWS and the clusters, as messages name it."""

from dataclasses import dataclass

from argo_ecr_auth.core.registry import find_partition


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The identity that a run uses; `is_function` where a message may advise on the function's deployment."""

    name: str
    is_function: bool = False
    principal: str | None = None  # an operator's user or role as EKS takes it, where that is known


FUNCTION = Caller(name="the function's role", is_function=True)
OPERATOR = Caller(name="your identity")


def format_admission(*, cluster: str, region: str, principal: str) -> str:
    """The commands that let an identity read a whole cluster; somebody with rights in EKS runs them.

    The policy can view all, Secrets too (Amazon EKS User Guide, AmazonEKSAdminViewPolicy).
    """
    place = f"--cluster-name {cluster} --region {region} --principal-arn {principal}"
    policy = f"arn:{find_partition(region).name}:eks::aws:cluster-access-policy/AmazonEKSAdminViewPolicy"
    return (
        f"aws eks create-access-entry {place} && "
        f"aws eks associate-access-policy {place} --policy-arn {policy} --access-scope type=cluster"
    )
