"""The schedules that invoke the function."""

from collections.abc import Sequence
from datetime import timedelta

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as scheduler_targets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from argo_ecr_auth.core.targets import Target
from argo_ecr_auth_cdk.nag_acknowledgements import acknowledge_invocation, acknowledge_queue
from argo_ecr_auth_cdk.schedules.schedule_groups import group_targets
from argo_ecr_auth_settings.settings import Settings

_INVOCATION_RETRIES = 3


def make_check_interval(interval: timedelta) -> cdk.Duration:
    """The time between two runs of a target. At least a minute: the minimum event age of Scheduler and Lambda."""
    return cdk.Duration.minutes(interval // timedelta(minutes=1))


class Schedules(Construct):
    """One schedule per enabled target, so that no cluster waits for a slow one. More than 200 targets share schedules.

    `by_target` has each target's schedule. `group` is their schedule group, the dimension of Scheduler's metrics.
    `undelivered` is the queue of events that Scheduler could not deliver.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: Settings,
        targets: Sequence[Target],
        function: lambda_.IFunction,
    ) -> None:
        super().__init__(scope, id_)
        # Not the construct ScheduleGroup, which sets a physical name.
        group_resource = scheduler.CfnScheduleGroup(self, "Group")
        self.group = scheduler.ScheduleGroup.from_schedule_group_name(self, "GroupByName", group_resource.ref)
        # Created here and not by CDK, so that the schedules can depend on its policy: they fire as soon as they exist.
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com",
                # The source is the schedule's group (EventBridge Scheduler User Guide, confused deputy prevention).
                conditions={
                    "StringEquals": {
                        "aws:SourceAccount": cdk.Stack.of(self).account,
                        "aws:SourceArn": group_resource.attr_arn,
                    }
                },
            ),
        )
        # Each message says why its event was not delivered. An event contains only names of targets.
        self.undelivered = sqs.Queue(
            self,
            "Undelivered",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=cdk.Duration.days(14),
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        acknowledge_queue(self.undelivered)
        acknowledge_invocation(role, function)
        self.by_target: dict[str, scheduler.Schedule] = {}
        # The ids must differ from Target-NAME, which the schedules had in the default group. With an unchanged id,
        # CloudFormation would update the group in place, and fail: Scheduler looks for the schedule in the new group.
        for check_every, group, members in group_targets([target for target in targets if target.enabled]):
            interval = make_check_interval(check_every)
            schedule = scheduler.Schedule(
                self,
                f"Check-{group}",  # the prefix, because a target may be named Role
                schedule_group=self.group,
                description=f"{settings.installation}: checks {group}{_count_others(members)}",
                schedule=scheduler.ScheduleExpression.rate(interval),
                target=scheduler_targets.LambdaInvoke(
                    function,
                    input=scheduler.ScheduleTargetInput.from_object({"targets": list(members), "scheduled": True}),
                    role=role,
                    dead_letter_queue=self.undelivered,
                    # Retries if Lambda throttles the invocation or IAM denies it for a moment, until the next run.
                    retry_attempts=_INVOCATION_RETRIES,
                    max_event_age=interval,
                ),
            )
            schedule.node.add_dependency(role)
            self.by_target |= dict.fromkeys(members, schedule)


def _count_others(members: Sequence[str]) -> str:
    return f" and {len(members) - 1} more" if len(members) > 1 else ""
