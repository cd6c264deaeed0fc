"""The alarms of an installation."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from argo_ecr_auth.core.targets import Target
from argo_ecr_auth_cdk.monitoring.alarm_thresholds import compute_thresholds
from argo_ecr_auth_cdk.monitoring.metrics import make_metric
from argo_ecr_auth_deployment.settings import DeploymentSettings

_PERIODS_IN_A_ROW = 3
# A writer that fights with the function undoes every write; a person who tries something does so once or twice.
_REPAIR_PERIODS_IN_A_ROW = 6

_BELOW = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
_AT_LEAST = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD


class Alarms(Construct):
    """All alarms, in `all`. They notify the topic, where there is one."""

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
        self._installation, self._topic = settings.installation, topic
        self.all: list[cloudwatch.Alarm] = []
        thresholds = compute_thresholds(settings, targets=targets)
        period = cdk.Duration.seconds(int(thresholds.period.total_seconds()))
        checks_period = cdk.Duration.seconds(int(thresholds.checks_period.total_seconds()))

        def metric(name: str, statistic: str, period: cdk.Duration = period) -> cloudwatch.Metric:
            return make_metric(name, statistic, installation=settings.installation, period=period)

        self._add(
            "TokenEndsSoon",
            "a token in a cluster has less than a third of renew_before left; soon Argo CD cannot pull",
            metric=metric("SecondsToExpiry", "Minimum"),
            comparison=_BELOW,
            threshold=thresholds.min_seconds_to_expiry,
        )
        if thresholds.min_checks is not None:
            self._add(
                "ChecksMissing",
                "fewer checks succeeded than the settings imply; a target, or all, is silent or fails",
                metric=metric("ChecksCompleted", "Sum", checks_period),
                comparison=_BELOW,
                threshold=thresholds.min_checks,
                periods_in_a_row=_PERIODS_IN_A_ROW,  # the newest lacks what CloudWatch has not taken in yet
                missing_data=cloudwatch.TreatMissingData.BREACHING,
            )
        self._add(
            "Failing",
            "credentials fail again and again; the log lines with action = failed say which and why",
            metric=metric("Failures", "Sum"),
            periods_in_a_row=_PERIODS_IN_A_ROW,
        )
        self._add(
            "RepairsNeverEnd",
            "credentials are repaired again and again; something else writes the same Secret or ConfigMap",
            metric=metric("Repaired", "Sum"),
            periods_in_a_row=_REPAIR_PERIODS_IN_A_ROW,
        )
        self._add(
            "Undelivered",
            "the schedule could not invoke the function; the queue's messages say why, and end after a day",
            metric=undelivered.metric_approximate_number_of_messages_visible(statistic="Maximum", period=period),
        )
        self._add(
            "Throttled",
            "Lambda has no room for the function; the account's concurrency limit may be too low",
            metric=function.metric_throttles(statistic="Sum", period=period),
            periods_in_a_row=_PERIODS_IN_A_ROW,
        )

    def _add(
        self,
        name: str,
        description: str,
        *,
        metric: cloudwatch.Metric,
        comparison: cloudwatch.ComparisonOperator = _AT_LEAST,
        threshold: float = 1,
        periods_in_a_row: int = 1,
        missing_data: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
    ) -> None:
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_description=f"{self._installation}: {description}",
            metric=metric,
            comparison_operator=comparison,
            threshold=threshold,
            evaluation_periods=periods_in_a_row,
            treat_missing_data=missing_data,
        )
        if self._topic is not None:
            alarm.add_alarm_action(actions.SnsAction(self._topic))
            alarm.add_ok_action(actions.SnsAction(self._topic))
        self.all.append(alarm)
