"""When the function runs, and for which targets."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as scheduler_targets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from argo_ecr_auth.core.settings import duration
from argo_ecr_auth.core.targets import Target
from argo_ecr_auth_cdk.nag_acknowledgements import acknowledge_invocation, acknowledge_queue
from argo_ecr_auth_cdk.schedules.schedule_groups import grouped
from argo_ecr_auth_deployment.settings import DeploymentSettings


def tick(settings: DeploymentSettings) -> cdk.Duration:
    """The time between two runs of a target; never under a minute, which Scheduler and Lambda ask of an event's age."""
    return cdk.Duration.minutes(int(duration(settings.check_every).total_seconds()) // 60)


class Schedules(Construct):
    """One schedule per enabled target, so that a slow cluster keeps no other waiting; past 200 they share.

    `by_target` has each target's schedule, `undelivered` the queue of what Scheduler could not hand to Lambda.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: DeploymentSettings,
        targets: Sequence[Target],
        function: lambda_.IFunction,
    ) -> None:
        super().__init__(scope, id_)
        # Of our own, to wait for its rights: a schedule fires as soon as it is made.
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}},
            ),
        )
        self.undelivered = sqs.Queue(
            self,
            "Undelivered",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            # Then the alarm on it ends by itself; an event says no more than its targets' names.
            retention_period=cdk.Duration.days(1),
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        acknowledge_queue(self.undelivered)
        acknowledge_invocation(role, function)
        self.by_target: dict[str, scheduler.Schedule] = {}
        for group, members in grouped(target.name for target in targets if target.enabled).items():
            schedule = scheduler.Schedule(
                self,
                f"Target-{group}",  # not its name alone, which may be Role
                description=f"{settings.installation}: checks {group}{_others(members)}",
                schedule=scheduler.ScheduleExpression.rate(tick(settings)),
                target=scheduler_targets.LambdaInvoke(
                    function,
                    input=scheduler.ScheduleTargetInput.from_object({"targets": list(members)}),
                    role=role,
                    dead_letter_queue=self.undelivered,
                    # The next tick is the retry.
                    retry_attempts=0,
                    max_event_age=tick(settings),
                ),
            )
            schedule.node.add_dependency(role)
            self.by_target |= dict.fromkeys(members, schedule)


def _others(members: Sequence[str]) -> str:
    return f" and {len(members) - 1} more" if len(members) > 1 else ""
