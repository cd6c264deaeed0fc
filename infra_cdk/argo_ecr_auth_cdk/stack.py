"""The stack of an installation."""

import aws_cdk as cdk
import msgspec
from constructs import Construct

from argo_ecr_auth.core.events import MAX_TARGETS
from argo_ecr_auth_cdk.construct import ArgoEcrAuth
from argo_ecr_auth_cdk.unresolved import get_known
from argo_ecr_auth_settings.record import RECORD_KEY, make_record
from argo_ecr_auth_settings.resolve import resolve_targets
from argo_ecr_auth_settings.settings import Settings


class ArgoEcrAuthStack(cdk.Stack):
    """One installation in a stack of its own, with outputs for the people who operate it."""

    def __init__(self, scope: Construct, *, settings: Settings, env: cdk.Environment | None = None) -> None:
        super().__init__(
            scope,
            settings.installation,
            env=env,
            description="argo-ecr-auth: keeps Amazon ECR credentials fresh in Argo CD",
        )
        self.installation = ArgoEcrAuth(self, "EcrAuth", settings=settings)
        # The next deployment compares its settings with these, and finds leftovers.
        account, region = get_known(self.account), get_known(self.region)
        targets = resolve_targets(settings, region=region or "", account=account)
        self.add_metadata(RECORD_KEY, msgspec.to_builtins(make_record(settings, targets)))
        function = self.installation.function
        name = function.function.function_name
        cdk.CfnOutput(self, "FunctionName", value=name)
        cdk.CfnOutput(
            self,
            "InvokeCommand",
            description=f"Checks all targets now; if more than {MAX_TARGETS} are enabled, name some in the payload",
            value=f"aws lambda invoke --region {self.region} --function-name {name} "
            "--cli-binary-format raw-in-base64-out --cli-read-timeout 0 --payload '{}' /dev/stdout",
        )
        cdk.CfnOutput(
            self,
            "LogsCommand",
            description="Shows what the runs of the last hour logged",
            value=f"aws logs tail --region {self.region} --since 1h {function.log_group.log_group_name}",
        )
        cdk.CfnOutput(
            self,
            "UndeliveredQueue",
            description="Its messages say why Scheduler gave up on a run; they are kept for 14 days",
            value=self.installation.schedules.undelivered.queue_url,
        )
        cdk.CfnOutput(
            self,
            "FunctionRole",
            description=f"For access that you set up yourself; give it the Kubernetes group {settings.installation}",
            value=function.role.role_arn,
        )
