"""The dashboard of an installation."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from argo_ecr_auth_cdk.monitoring.metrics import make_metric

_PERIOD = cdk.Duration.minutes(5)
_HALF_WIDTH, _FULL_WIDTH = 12, 24
_FAILURES_BY_TARGET = (
    'filter action = "failed"',
    "stats count(*) as failures, latest(error) as last_error, latest(@timestamp) as last by target, secret",
    "sort failures desc",
    "limit 50",
)
# Parsed from Lambda's own line: Logs Insights knows @maxMemoryUsed only in a log group that Lambda has named.
_MEMORY_USED = (
    "filter @message like /^REPORT/",
    'parse @message "Max Memory Used: * MB" as used',
    "stats max(used) as used_MB by bin(5m)",
)


class Dashboard(Construct):
    """One dashboard: the alarms, how long the tokens live, which credentials fail and why, and what a run takes."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        installation: str,
        alarms: Sequence[cloudwatch.IAlarm],
        function: lambda_.IFunction,
        log_group: logs.ILogGroup,
    ) -> None:
        super().__init__(scope, id_)

        def metric(name: str, statistic: str) -> cloudwatch.Metric:
            return make_metric(name, statistic, installation=installation, period=_PERIOD)

        def sums(title: str, *names: str) -> cloudwatch.GraphWidget:
            return cloudwatch.GraphWidget(title=title, width=_HALF_WIDTH, left=[metric(name, "Sum") for name in names])

        def query(title: str, lines: Sequence[str], view: cloudwatch.LogQueryVisualizationType) -> cloudwatch.IWidget:
            return cloudwatch.LogQueryWidget(
                title=title,
                width=_FULL_WIDTH if view == cloudwatch.LogQueryVisualizationType.TABLE else _HALF_WIDTH,
                log_group_names=[log_group.log_group_name],
                query_lines=list(lines),
                view=view,
            )

        cloudwatch.Dashboard(
            self,
            "Dashboard",
            default_interval=cdk.Duration.days(1),
            widgets=[
                [cloudwatch.AlarmStatusWidget(title=installation, width=_FULL_WIDTH, alarms=list(alarms))],
                [
                    cloudwatch.GraphWidget(
                        title="Least life left of any token (seconds)",
                        width=_HALF_WIDTH,
                        left=[metric("SecondsToExpiry", "Minimum")],
                        left_y_axis=cloudwatch.YAxisProps(min=0),
                    ),
                    sums("Renewals and repairs", "Renewed", "Repaired"),
                ],
                [
                    sums("Checks that succeeded, and failures", "ChecksCompleted", "Failures"),
                    cloudwatch.GraphWidget(
                        title="Duration of a run",
                        width=_HALF_WIDTH,
                        left=[
                            function.metric_duration(statistic=statistic, period=_PERIOD)
                            for statistic in ("p50", "Maximum")
                        ],
                    ),
                ],
                [query("Failures by target", _FAILURES_BY_TARGET, cloudwatch.LogQueryVisualizationType.TABLE)],
                [query("Memory used", _MEMORY_USED, cloudwatch.LogQueryVisualizationType.LINE)],
            ],
        )
