"""The alarms of an installation."""

from collections.abc import Sequence
from datetime import timedelta
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sns as sns
from constructs import Construct

from argo_ecr_auth.core.targets import Target
from argo_ecr_auth_cdk.monitoring.alarm_thresholds import compute_thresholds
from argo_ecr_auth_cdk.monitoring.metrics import make_metric
from argo_ecr_auth_settings.documentation import make_link
from argo_ecr_auth_settings.settings import Settings

_PERIODS_IN_A_ROW = 3
# Another writer undoes every write of the function. A person who tries something does so once or twice.
_REPAIR_PERIODS_IN_A_ROW = 6

_BELOW = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
_AT_LEAST = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD

_TIME_TO_DEPLOY = timedelta(minutes=15)


class Alarms(Construct):
    """All alarms, in `by_name`, and the titles of their graphs. They notify the topic, if there is one."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: Settings,
        targets: Sequence[Target],
        function: lambda_.IFunction,
        schedule_group: scheduler.IScheduleGroup,
        topic: sns.ITopic | None,
    ) -> None:
        super().__init__(scope, id_)
        self._installation, self._topic = settings.installation, topic
        self.by_name: dict[str, cloudwatch.Alarm] = {}
        self.titles: dict[str, str] = {}
        thresholds = compute_thresholds(settings, targets=targets)
        period = _make_duration(thresholds.period)

        def metric(name: str, statistic: str, period: cdk.Duration = period) -> cloudwatch.Metric:
            return make_metric(name, statistic, installation=settings.installation, period=period)

        self._add(
            "TokenExpiring",
            "a token in a cluster expires in less than a third of renew_before; Argo CD cannot pull after that",
            title="Shortest time until a token expires (hours)",
            metric=metric("SecondsToExpiry", "Minimum"),
            comparison=_BELOW,
            threshold=thresholds.min_seconds_to_expiry,
        )
        if thresholds.min_runs is not None:
            self._add(
                "ChecksMissing",
                "fewer runs reported than the schedules imply; a schedule is missing or disabled, or its runs crash",
                title="Runs that reported",
                # Each run reports it once, regardless of its number of credentials.
                metric=metric("ChecksCompleted", "SampleCount", _make_duration(thresholds.runs_period)),
                comparison=_BELOW,
                threshold=thresholds.min_runs,
                periods_in_a_row=_PERIODS_IN_A_ROW,  # CloudWatch may not have ingested all of the newest one
                missing_data=cloudwatch.TreatMissingData.BREACHING,
                # Without it, the alarm fires after the first deployment until a period has all its runs.
                warm_up=thresholds.runs_period + _TIME_TO_DEPLOY,
            )
        self._add(
            "Failing",
            "credentials keep failing; the log lines with action = failed say which and why",
            title="Failures",
            metric=metric("Failures", "Sum"),
            periods_in_a_row=_PERIODS_IN_A_ROW,
        )
        self._add(
            "RepairsContinue",
            "credentials are repaired repeatedly; something else writes the same Secret or ConfigMap",
            title="Repairs",
            metric=metric("Repaired", "Sum"),
            periods_in_a_row=_REPAIR_PERIODS_IN_A_ROW,
        )
        self._add(
            "Tampering",
            "somebody added keys to a Secret by which Argo CD could send its token elsewhere; a run removes them, and "
            "its log lines say which",
            title="Secrets with keys that redirect the token",
            metric=metric("Tampered", "Sum"),
        )
        self._add(
            "TokensRejected",
            "registries have been rejecting unexpired tokens for hours; the log lines name the registry",
            title="Tokens in clusters that their registry rejected",
            # A token is tried once an hour.
            metric=metric("TokensRejected", "Sum", _make_duration(max(thresholds.period, timedelta(hours=1)))),
            periods_in_a_row=_PERIODS_IN_A_ROW,
        )
        self._add(
            "Undelivered",
            "Scheduler gave up on invoking the function; the messages in the queue say why, for 14 days",
            title="Invocations that Scheduler gave up on",
            metric=schedule_group.metric_dropped(statistic="Sum", period=period),
        )
        self._add(
            "Throttled",
            "Lambda throttled the function; the account's concurrency limit may be too low",
            title="Invocations that Lambda throttled",
            metric=function.metric_throttles(statistic="Sum", period=period),
            periods_in_a_row=_PERIODS_IN_A_ROW,
        )
        self._add(
            "EventsDropped",
            "Lambda drops events before a run starts; it throttles the function, or its queue is too slow",
            title="Events that Lambda dropped before a run",
            # Lambda also counts the event of each failed run as dropped, because the function has no retries (AWS
            # Lambda Developer Guide, types of metrics). For these there is the alarm Failing.
            metric=cloudwatch.MathExpression(
                expression="FILL(dropped, 0) - FILL(errors, 0)",
                using_metrics={
                    "dropped": function.metric("AsyncEventsDropped", statistic="Sum", period=period),
                    "errors": function.metric_errors(statistic="Sum", period=period),
                },
                label="events",
                period=period,
            ),
            periods_in_a_row=_PERIODS_IN_A_ROW,
        )

    def _add(
        self,
        name: str,
        description: str,
        *,
        title: str,
        metric: cloudwatch.IMetric,
        comparison: cloudwatch.ComparisonOperator = _AT_LEAST,
        threshold: float = 1,
        periods_in_a_row: int = 1,
        missing_data: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
        warm_up: timedelta | None = None,
    ) -> None:
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_description=f"{self._installation}: {description}. See {make_link('operations', name.lower())}",
            metric=metric,
            comparison_operator=comparison,
            threshold=threshold,
            evaluation_periods=periods_in_a_row,
            treat_missing_data=missing_data,
        )
        if warm_up is not None:
            resource = cast("cloudwatch.CfnAlarm", alarm.node.default_child)
            resource.warm_up_configuration = cloudwatch.CfnAlarm.WarmUpConfigurationProperty(
                warm_up_period_duration_in_minutes=warm_up // timedelta(minutes=1),
                only_start_evaluating_after_warm_up_period_ends=True,
            )
        if self._topic is not None:
            alarm.add_alarm_action(actions.SnsAction(self._topic))
            alarm.add_ok_action(actions.SnsAction(self._topic))
        self.by_name[name], self.titles[name] = alarm, title


def _make_duration(span: timedelta) -> cdk.Duration:
    return cdk.Duration.seconds(int(span.total_seconds()))
