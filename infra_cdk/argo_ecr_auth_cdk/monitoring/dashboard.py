"""What a person sees at a glance."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from argo_ecr_auth_cdk.monitoring.metrics import metric_of

_PERIOD = cdk.Duration.minutes(5)
_HALF, _WHOLE = 12, 24  # of a dashboard's width
_FAILURES_BY_TARGET = (
    'filter action = "failed"',
    "stats count(*) as failures, latest(error) as last_error, latest(@timestamp) as last by target, secret",
    "sort failures desc",
    "limit 50",
)
# Of Lambda's own words: Logs Insights' fields for them are there only in a log group that Lambda has named.
_MEMORY = (
    "filter @message like /^REPORT/",
    'parse @message "Max Memory Used: * MB" as used',
    "stats max(used) as used_MB by bin(5m)",
)


class Dashboard(Construct):
    """One dashboard: are the alarms quiet, how long do the tokens live, who fails and why, what does a run take."""

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
        metric = metric_of(installation)

        def sums(title: str, *names: str) -> cloudwatch.GraphWidget:
            return cloudwatch.GraphWidget(
                title=title, width=_HALF, left=[metric(name, "Sum", _PERIOD) for name in names]
            )

        def query(title: str, lines: Sequence[str], view: cloudwatch.LogQueryVisualizationType) -> cloudwatch.IWidget:
            return cloudwatch.LogQueryWidget(
                title=title,
                width=_WHOLE if view == cloudwatch.LogQueryVisualizationType.TABLE else _HALF,
                log_group_names=[log_group.log_group_name],
                query_lines=list(lines),
                view=view,
            )

        cloudwatch.Dashboard(
            self,
            "Dashboard",
            default_interval=cdk.Duration.days(1),
            widgets=[
                [cloudwatch.AlarmStatusWidget(title=installation, width=_WHOLE, alarms=list(alarms))],
                [
                    cloudwatch.GraphWidget(
                        title="Least life left of any token (seconds)",
                        width=_HALF,
                        left=[metric("SecondsToExpiry", "Minimum", _PERIOD)],
                        left_y_axis=cloudwatch.YAxisProps(min=0),
                    ),
                    sums("Renewals and repairs", "Renewed", "Repaired"),
                ],
                [
                    sums("Checks that succeeded, and failures", "ChecksCompleted", "Failures"),
                    cloudwatch.GraphWidget(
                        title="Duration of a run",
                        width=_HALF,
                        left=[
                            function.metric_duration(statistic=statistic, period=_PERIOD)
                            for statistic in ("p50", "Maximum")
                        ],
                    ),
                ],
                [query("Failures by target", _FAILURES_BY_TARGET, cloudwatch.LogQueryVisualizationType.TABLE)],
                [query("Memory used", _MEMORY, cloudwatch.LogQueryVisualizationType.LINE)],
            ],
        )
