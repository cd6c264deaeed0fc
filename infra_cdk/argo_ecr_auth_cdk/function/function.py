"""The function, its role and its log group."""

from collections.abc import Sequence
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from argo_ecr_auth.core.targets import Target
from argo_ecr_auth_cdk.function.asset import find_synth_runtime, make_function_code
from argo_ecr_auth_cdk.function.network import Network, make_interface_statements
from argo_ecr_auth_cdk.monitoring.metrics import NAMESPACE
from argo_ecr_auth_cdk.nag_acknowledgements import acknowledge_runtime, acknowledge_wildcards
from argo_ecr_auth_cdk.policy_statement import make_policy_statement
from argo_ecr_auth_cdk.schedules.schedules import make_check_interval
from argo_ecr_auth_cdk.unresolved import get_known
from argo_ecr_auth_settings.function_permissions import make_statements
from argo_ecr_auth_settings.pull_permissions import collect_pulls
from argo_ecr_auth_settings.resolve import format_targets_file
from argo_ecr_auth_settings.settings import Settings

# Half of the default check interval of two minutes. A run that hangs ends before the next one starts, and a cold start
# with one slow cluster (three attempts of 3 + 10 seconds) still fits.
TIMEOUT = cdk.Duration.seconds(60)

ROLE_ID = "ROLE_ID"
"""The environment variable with the unique id of the function's role."""

# Measured with the asset in a separate process: a run uses 44 MB with one credential and 47 MB with a hundred in one
# cluster; Lambda's runtime adds some. Memory also determines CPU, and 256 MB is a seventh of a core. A first run, with
# its TLS handshakes, takes 90 ms of CPU time for one target and 0.9 s for a hundred. A warm run of one target takes a
# few milliseconds. Twice the memory would cost twice as much and only shorten first runs.
MEMORY_MB = 256


class EcrAuthFunction(Construct):
    """The `function` with the targets in its asset, its `role` with the permissions for them, and its `log_group`.

    `role_name` is None if account and region are unknown at synth: then CDK names the role if needed. `role_arn` is for
    other stacks. It is a literal if the name is known, because a reference between stacks would be an intrinsic
    function that needs its own permission (Fn::GetStackOutput).
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: Settings,
        targets: Sequence[Target],
        role_name: str | None,
        network: Network | None = None,
    ) -> None:
        super().__init__(scope, id_)
        stack = cdk.Stack.of(self)

        self.log_group = logs.LogGroup(
            self,
            "Logs",
            encryption_key=kms.Key.from_key_arn(self, "LogKey", settings.log_key_arn) if settings.log_key_arn else None,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        # In days: the construct takes only names, such as THREE_MONTHS.
        cast("logs.CfnLogGroup", self.log_group.node.default_child).retention_in_days = int(
            settings.log_retention.removesuffix("d")
        )
        # Not the role that CDK would create, which may write to every log group of the account.
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            # Always named, although only access stacks need the name. A name that was added later, with the first
            # access stack, would replace the role. References outside of this app (aws-auth, trust policies, policies
            # of other accounts' repositories) would still point to the old role.
            role_name=role_name or cdk.PhysicalName.GENERATE_IF_NEEDED,
        )
        self.role_arn = (
            stack.format_arn(service="iam", region="", resource="role", resource_name=role_name)
            if role_name
            else self.role.role_arn
        )
        self.log_group.grant_write(self.role)
        statements = make_statements(
            targets, pulls=collect_pulls(settings), partition=stack.partition, account=stack.account
        )
        policy = [make_policy_statement(statement) for statement in statements]
        policy += make_interface_statements() if network else []
        for statement in policy:
            self.role.add_to_principal_policy(statement)
        acknowledge_wildcards(self.role, [resource for statement in policy for resource in statement.resources])

        self.function = lambda_.Function(
            self,
            "Function",
            description=f"Keeps ECR credentials fresh in Argo CD ({settings.installation})",
            handler="argo_ecr_auth.handler.handler",
            code=make_function_code(
                targets=format_targets_file(settings, region=get_known(stack.region)),
                architecture=settings.architecture,
                bundling_required=stack.bundling_required,
            ),
            runtime=lambda_.Runtime(find_synth_runtime(), lambda_.RuntimeFamily.PYTHON),
            architecture=_ARCHITECTURES[settings.architecture],
            timeout=TIMEOUT,
            memory_size=MEMORY_MB,
            role=self.role,
            log_group=self.log_group,
            environment={
                "POWERTOOLS_SERVICE_NAME": settings.installation,
                "POWERTOOLS_METRICS_NAMESPACE": NAMESPACE,
                # argo_ecr_auth.handler reads both. A token stops working when the role that requested it is deleted.
                # A recreated role has the same ARN but another id, so the id shows which role requested a token.
                ROLE_ID: self.role.role_id,
                # Not in the asset, so that it does not change the asset.
                **({"PER_TARGET_METRICS": "true"} if settings.per_target_metrics else {}),
            },
            vpc=network.vpc if network else None,
            vpc_subnets=network.subnets if network else None,
            security_groups=list(network.security_groups) if network else None,
            # The next scheduled run is the retry. Lambda's own retries, after one and two minutes, would overlap it.
            retry_attempts=0,
            max_event_age=make_check_interval(max(target.check_every for target in targets)),
        )
        acknowledge_runtime(self.function)


_ARCHITECTURES = {"arm64": lambda_.Architecture.ARM_64, "x86_64": lambda_.Architecture.X86_64}
