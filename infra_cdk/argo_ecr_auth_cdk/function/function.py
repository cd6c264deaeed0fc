"""The function, its role and its log group."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from argo_ecr_auth.core.targets import Target
from argo_ecr_auth_cdk.function.asset import function_code, this_runtime
from argo_ecr_auth_cdk.function.network import Network, interface_statements
from argo_ecr_auth_cdk.monitoring.metrics import NAMESPACE
from argo_ecr_auth_cdk.nag_acknowledgements import acknowledge_runtime, acknowledge_wildcards
from argo_ecr_auth_cdk.policy_statement import make_policy_statement
from argo_ecr_auth_cdk.schedules.schedules import tick
from argo_ecr_auth_deployment.permissions import make_statements
from argo_ecr_auth_deployment.pull_permissions import collect_pulls
from argo_ecr_auth_deployment.settings import DeploymentSettings, encode_function_settings

# Half of the shortest tick's two minutes: a run that hangs ends before the next one begins, and a cold start with one
# slow cluster (three tries of 3 + 10 seconds) still fits.
TIMEOUT = cdk.Duration.seconds(60)

ROLE_ID = "ROLE_ID"
"""The environment's variable that tells the function which role it has."""

# A run holds 130 MB; what more memory buys is processor, for the imports of a cold start and the TLS handshakes.
MEMORY_MB = 512


class EcrAuthFunction(Construct):
    """`function`, with the settings in its asset; its `role`, with exactly the rights that they imply; `log_group`.

    `role_name` is None where account and region are not known at synth: then the role has a name only if it needs one.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: DeploymentSettings,
        targets: Sequence[Target],
        role_name: str | None,
        network: Network | None = None,
    ) -> None:
        super().__init__(scope, id_)
        stack = cdk.Stack.of(self)
        runtime = settings.runtime or this_runtime()

        self.log_group = logs.LogGroup(
            self, "Logs", retention=logs.RetentionDays.ONE_MONTH, removal_policy=cdk.RemovalPolicy.DESTROY
        )
        # A role of its own: the one that CDK makes may write to every log group of the account.
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            # Always named, also where no stack elsewhere must know it yet: a name that came with the first cluster
            # elsewhere would make the role anew, and whatever names it outside of this app (aws-auth, trust policies,
            # the policies of other accounts' repositories) would go on to name the old one.
            role_name=role_name or cdk.PhysicalName.GENERATE_IF_NEEDED,
        )
        self.log_group.grant_write(self.role)
        rights = make_statements(
            targets, pulls=collect_pulls(settings), partition=stack.partition, account=stack.account
        )
        used = [make_policy_statement(right) for right in rights] + (interface_statements() if network else [])
        for statement in used:
            self.role.add_to_principal_policy(statement)
        acknowledge_wildcards(self.role, [resource for statement in used for resource in statement.resources])

        self.function = lambda_.Function(
            self,
            "Function",
            description=f"Keeps ECR credentials fresh in Argo CD ({settings.installation})",
            handler="argo_ecr_auth.handler.handler",
            code=function_code(
                settings=encode_function_settings(settings),
                runtime=runtime,
                architecture=settings.architecture,
                bundling_required=stack.bundling_required,
            ),
            runtime=lambda_.Runtime(runtime, lambda_.RuntimeFamily.PYTHON),
            architecture=_ARCHITECTURES[settings.architecture],
            timeout=TIMEOUT,
            memory_size=MEMORY_MB,
            role=self.role,
            log_group=self.log_group,
            environment={
                "POWERTOOLS_SERVICE_NAME": settings.installation,
                "POWERTOOLS_METRICS_NAMESPACE": NAMESPACE,
                # Read by argo_ecr_auth.handler. A token dies with the role that asked for it, and a role made anew has
                # the same ARN, but another id: so the function tells by it which tokens are another role's.
                ROLE_ID: self.role.role_id,
                # Read there too; not in the settings of the asset, which it leaves as it is.
                **({"PER_TARGET_METRICS": "true"} if settings.per_target_metrics else {}),
            },
            vpc=network.vpc if network else None,
            vpc_subnets=network.subnets if network else None,
            security_groups=list(network.security_groups) if network else None,
            # The next tick is the retry; Lambda's own, after one and two minutes, would only overlap it.
            retry_attempts=0,
            max_event_age=tick(settings),
        )
        acknowledge_runtime(self.function)


_ARCHITECTURES = {"arm64": lambda_.Architecture.ARM_64, "x86_64": lambda_.Architecture.X86_64}
