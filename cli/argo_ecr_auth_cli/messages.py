"""What errors mean for an operator, who looks with permissions of their own."""

from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from argo_ecr_auth.aws.sessions import make_aws_error
from argo_ecr_auth.core.errors import AwsError, ForbiddenError, SyncError, UnauthorizedError
from argo_ecr_auth.core.messages import explain_for
from argo_ecr_auth.core.registry import find_partition
from argo_ecr_auth.core.targets import Target


class MalformedAnswerError(BotoCoreError):
    """The answer is not one of AWS's API: botocore cannot parse it."""

    fmt = "the response is not valid for its API"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who asks clusters and AWS, as messages name it."""

    name: str = "your identity"
    # The user or role as EKS takes it, if that is known. It may ask IAM: only for a message.
    find_principal: Callable[[], str] | None = None

    def explain(self, *errors: SyncError) -> str:
        """What to read of the errors, in one sentence."""
        return "; ".join(dict.fromkeys(map(self._explain, errors)))

    def format_access_commands(self, target: Target) -> str | None:
        """The commands that let the identity read a whole cluster; somebody with permissions in EKS runs them.

        None if it is not known for whom. The policy can view all, Secrets too (Amazon EKS User Guide,
        AmazonEKSAdminViewPolicy).
        """
        if self.find_principal is None:
            return None
        arguments = f"--cluster-name {target.cluster} --region {target.region} --principal-arn {self.find_principal()}"
        policy = f"arn:{find_partition(target.region).name}:eks::aws:cluster-access-policy/AmazonEKSAdminViewPolicy"
        return (
            f"aws eks create-access-entry {arguments} && "
            f"aws eks associate-access-policy {arguments} --policy-arn {policy} --access-scope type=cluster"
        )

    def _explain(self, error: SyncError) -> str:
        match error:
            case UnauthorizedError():
                commands = self.format_access_commands(error.target)
                if commands:
                    return f"{error} to {self.name}: it has no access entry there. {commands}; or pass --context NAME"
                return f"{error} to {self.name}: it has no access entry, or an expired token"
            case ForbiddenError():
                return (
                    f"{error.target.cluster}'s API server does not let {self.name} {error.doing}: the permission is "
                    f"missing, or the namespace {error.namespace} is"
                )
            case AwsError(cause=MalformedAnswerError()):
                why = f"{error.cause}: a proxy or a VPC endpoint may respond in its place"
                return explain_for(AwsError(failed=error.failed, why=why), asker=self.name)
            case _:
                return explain_for(error, asker=self.name)


OPERATOR = Identity()


def explain_aws_error(error: ClientError | BotoCoreError, *, doing: str, permission: str = "") -> str:
    """What AWS refused the operator; `permission` is what they may lack."""
    return OPERATOR.explain(make_aws_error(error, doing=doing, permission=permission))
