"""When the function runs, and for which targets."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as scheduler_targets
from constructs import Construct

from argo_ecr_auth.settings import duration
from argo_ecr_auth.targets import Target
from argo_ecr_auth_cdk.settings import DeploymentSettings


def tick(settings: DeploymentSettings) -> cdk.Duration:
    """The time between two runs of a target; never under a minute, which Scheduler and Lambda ask of an event's age."""
    return cdk.Duration.minutes(int(duration(settings.check_every).total_seconds()) // 60)


class Schedules(Construct):
    """One schedule per enabled target, so that a slow cluster keeps no other waiting: `by_target`."""

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
        self.by_target = {
            target.name: scheduler.Schedule(
                self,
                target.name,
                description=f"{settings.installation}: checks {target.name}",
                schedule=scheduler.ScheduleExpression.rate(tick(settings)),
                target=scheduler_targets.LambdaInvoke(
                    function,
                    input=scheduler.ScheduleTargetInput.from_object({"targets": [target.name]}),
                    # The next tick is the retry.
                    retry_attempts=0,
                    max_event_age=tick(settings),
                ),
            )
            for target in targets
            if target.enabled
        }
