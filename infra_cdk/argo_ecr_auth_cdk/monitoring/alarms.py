"""When somebody should look."""

from collections.abc import Sequence
from datetime import timedelta

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from argo_ecr_auth.core.targets import Target
from argo_ecr_auth_cdk.monitoring.alarm_thresholds import expectations
from argo_ecr_auth_cdk.monitoring.metrics import metric_of
from argo_ecr_auth_deployment.settings import DeploymentSettings

_IN_A_ROW = 3
# A writer that fights with the function undoes every write; a person who tries something does so once or twice.
_REPAIRS_IN_A_ROW = 6

_BELOW = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
_REACHED = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
_MISSING_IS_FINE = cloudwatch.TreatMissingData.NOT_BREACHING
_MISSING_IS_BAD = cloudwatch.TreatMissingData.BREACHING


class Alarms(Construct):
    """The alarms of an installation (`all`), which act on the topic where there is one."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: DeploymentSettings,
        targets: Sequence[Target],
        function: lambda_.IFunction,
        undelivered: sqs.IQueue,
        topic: sns.ITopic | None,
    ) -> None:
        super().__init__(scope, id_)
        expected = expectations(settings, targets=targets)
        metric, period = metric_of(settings.installation), _duration(expected.period)
        self.all: list[cloudwatch.Alarm] = []

        def alarm(
            name: str,
            description: str,
            *,
            what: cloudwatch.Metric,
            comparison: cloudwatch.ComparisonOperator,
            threshold: float,
            in_a_row: int = 1,
            missing: cloudwatch.TreatMissingData = _MISSING_IS_FINE,
        ) -> None:
            made = cloudwatch.Alarm(
                self,
                name,
                alarm_description=f"{settings.installation}: {description}",
                metric=what,
                comparison_operator=comparison,
                threshold=threshold,
                evaluation_periods=in_a_row,
                treat_missing_data=missing,
            )
            if topic is not None:
                made.add_alarm_action(actions.SnsAction(topic))
                made.add_ok_action(actions.SnsAction(topic))
            self.all.append(made)

        alarm(
            "TokenEndsSoon",
            "a token in a cluster has less than a third of renew_before left; soon Argo CD cannot pull",
            what=metric("SecondsToExpiry", "Minimum", period),
            comparison=_BELOW,
            threshold=expected.least_seconds_to_expiry,
        )
        if expected.least_checks is not None:
            alarm(
                "ChecksMissing",
                "fewer checks succeeded than the settings imply; a target, or all, is silent or fails",
                what=metric("ChecksCompleted", "Sum", _duration(expected.period_of_checks)),
                comparison=_BELOW,
                threshold=expected.least_checks,
                # The newest lacks what has not arrived yet.
                in_a_row=_IN_A_ROW,
                missing=_MISSING_IS_BAD,
            )
        alarm(
            "Failing",
            "credentials fail again and again; the log lines with action = failed say which and why",
            what=metric("Failures", "Sum", period),
            comparison=_REACHED,
            threshold=1,
            in_a_row=_IN_A_ROW,
        )
        alarm(
            "RepairsNeverEnd",
            "credentials are repaired again and again; something else writes the same Secret or ConfigMap",
            what=metric("Repaired", "Sum", period),
            comparison=_REACHED,
            threshold=1,
            in_a_row=_REPAIRS_IN_A_ROW,
        )
        alarm(
            "Undelivered",
            "the schedule could not invoke the function; the queue's messages say why, and end after a day",
            what=undelivered.metric_approximate_number_of_messages_visible(statistic="Maximum", period=period),
            comparison=_REACHED,
            threshold=1,
        )
        alarm(
            "Throttled",
            "Lambda has no room for the function; the account's concurrency limit may be too low",
            what=function.metric_throttles(statistic="Sum", period=period),
            comparison=_REACHED,
            threshold=1,
            in_a_row=_IN_A_ROW,
        )


def _duration(span: timedelta) -> cdk.Duration:
    return cdk.Duration.seconds(int(span.total_seconds()))
