"""Who asks AWS and the clusters, as messages name it."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from argo_ecr_auth.core.registry import find_partition


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The identity that a run uses; `is_function` where a message may advise on the function's deployment."""

    name: str
    is_function: bool = False
    # An operator's user or role as EKS takes it, where that is known. It may ask IAM: only for a message.
    find_principal: Callable[[], str] | None = None

    def promise_retry(self, status: int) -> str:
        """The end of a message about this answer: where it may pass, the function asks again with its next run."""
        may_pass = status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR
        return "; the next run tries again" if may_pass and self.is_function else ""

    def format_admission(self, *, cluster: str, region: str) -> str | None:
        """The commands that let the operator read a whole cluster; somebody with rights in EKS runs them.

        None where it is not known for whom. The policy can view all, Secrets too (Amazon EKS User Guide,
        AmazonEKSAdminViewPolicy).
        """
        if self.find_principal is None:
            return None
        place = f"--cluster-name {cluster} --region {region} --principal-arn {self.find_principal()}"
        policy = f"arn:{find_partition(region).name}:eks::aws:cluster-access-policy/AmazonEKSAdminViewPolicy"
        return (
            f"aws eks create-access-entry {place} && "
            f"aws eks associate-access-policy {place} --policy-arn {policy} --access-scope type=cluster"
        )


FUNCTION = Caller(name="the function's role", is_function=True)
OPERATOR = Caller(name="your identity")
