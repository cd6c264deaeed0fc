"""The stack: the function, its access to the clusters, and its schedules."""

import aws_cdk as cdk
from aws_cdk import aws_eks as eks
from constructs import Construct

from argo_ecr_auth.targets import targets_of
from argo_ecr_auth_cdk.cluster_access import ClusterAccess
from argo_ecr_auth_cdk.function import EcrAuthFunction
from argo_ecr_auth_cdk.reading import check_settings
from argo_ecr_auth_cdk.schedules import Schedules
from argo_ecr_auth_cdk.settings import DeploymentSettings


class ArgoEcrAuthStack(cdk.Stack):
    """One installation: everything that it needs in one account and region."""

    def __init__(self, scope: Construct, *, settings: DeploymentSettings, env: cdk.Environment | None = None) -> None:
        super().__init__(
            scope,
            settings.installation,
            env=env,
            description="argo-ecr-auth: keeps Amazon ECR credentials fresh in Argo CD",
        )
        check_settings(settings)
        targets = targets_of(settings, region=self.region)
        accesses = [target.access or settings.access for target in settings.targets]

        function = EcrAuthFunction(self, "EcrAuth", settings=settings, targets=targets)
        access = ClusterAccess(
            self,
            "Access",
            targets=[(target, kind) for target, kind in zip(targets, accesses, strict=True) if target.role is None],
            role=function.role,
            group=settings.installation,
        )
        schedules = Schedules(self, "Schedules", settings=settings, targets=targets, function=function.function)
        for target in targets:
            entry: eks.CfnAccessEntry | None = access.by_cluster.get(target.cluster)
            if entry and target.name in schedules.by_target:
                # A schedule fires as soon as it is made.
                schedules.by_target[target.name].node.add_dependency(entry)

        self._tell(function)

    def _tell(self, function: EcrAuthFunction) -> None:
        name = function.function.function_name
        cdk.CfnOutput(self, "FunctionName", value=name)
        cdk.CfnOutput(
            self,
            "InvokeCommand",
            description="Checks all targets now",
            value=f"aws lambda invoke --region {self.region} --function-name {name} "
            "--cli-binary-format raw-in-base64-out --cli-read-timeout 0 --payload '{}' /dev/stdout",
        )
