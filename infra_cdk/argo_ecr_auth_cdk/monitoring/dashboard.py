"""The dashboard of an installation."""

from collections.abc import Sequence
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from argo_ecr_auth_cdk.monitoring.alarms import Alarms
from argo_ecr_auth_cdk.monitoring.metrics import make_metric
from argo_ecr_auth_settings.documentation import make_link

_PERIOD = cdk.Duration.minutes(5)
_SECONDS_PER_HOUR = 3600
_THIRD_OF_WIDTH, _HALF_OF_WIDTH, _FULL_WIDTH = 8, 12, 24
_GUIDE = f"""\
**Is an alarm red?** Look at the table *Failures by target*: each error says what to do, and \
[Messages]({make_link("operations", "messages")}) explains it. \
`argo-ecr-auth doctor` says what is wrong in the clusters, `argo-ecr-auth status` when each token expires. \
The alarms are explained in [Operations]({make_link("operations", "alarms")}).

**No alarm is red?** There is nothing to do."""
_FAILURES_BY_TARGET = (
    'filter action = "failed"',
    "stats count(*) as failures, latest(error) as last_error, latest(@timestamp) as last by target, secret",
    "sort failures desc",
    "limit 50",
)
# Parsed from Lambda's own line: Logs Insights finds @maxMemoryUsed only in log groups that are named /aws/lambda/...
_MEMORY_USED = (
    "filter @message like /^REPORT/",
    'parse @message "Max Memory Used: * MB" as used',
    "stats max(used) as used_MB by bin(5m)",
)


class Dashboard(Construct):
    """What to do, each alarm's metric with its threshold, which targets fail and why, and the cost of a run."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        installation: str,
        alarms: Alarms,
        function: lambda_.IFunction,
        log_group: logs.ILogGroup,
    ) -> None:
        super().__init__(scope, id_)

        def query(title: str, lines: Sequence[str], view: cloudwatch.LogQueryVisualizationType) -> cloudwatch.IWidget:
            return cloudwatch.LogQueryWidget(
                title=title,
                width=_FULL_WIDTH,
                log_group_names=[log_group.log_group_name],
                query_lines=list(lines),
                view=view,
            )

        cloudwatch.Dashboard(
            self,
            "Dashboard",
            default_interval=cdk.Duration.days(1),
            widgets=[
                [cloudwatch.TextWidget(markdown=_GUIDE, width=_FULL_WIDTH, height=3)],
                [
                    cloudwatch.AlarmStatusWidget(
                        title=installation, width=_FULL_WIDTH, alarms=list(alarms.by_name.values())
                    )
                ],
                [_make_alarm_graph(name, alarm, title=alarms.titles[name]) for name, alarm in alarms.by_name.items()],
                [query("Failures by target", _FAILURES_BY_TARGET, cloudwatch.LogQueryVisualizationType.TABLE)],
                [
                    cloudwatch.GraphWidget(
                        title="Renewals",
                        width=_HALF_OF_WIDTH,
                        left=[make_metric("Renewed", "Sum", installation=installation, period=_PERIOD)],
                    ),
                    cloudwatch.GraphWidget(
                        title="Duration of a run",
                        width=_HALF_OF_WIDTH,
                        left=[
                            function.metric_duration(statistic=statistic, period=_PERIOD)
                            for statistic in ("p50", "Maximum")
                        ],
                    ),
                ],
                [query("Memory used", _MEMORY_USED, cloudwatch.LogQueryVisualizationType.LINE)],
            ],
        )


def _make_alarm_graph(name: str, alarm: cloudwatch.Alarm, *, title: str) -> cloudwatch.GraphWidget:
    metric, threshold = cast("cloudwatch.Metric", alarm.metric), alarm.to_annotation().value
    graph: cloudwatch.IMetric = metric
    if name == "TokenExpiring":
        graph = cloudwatch.MathExpression(
            expression=f"seconds / {_SECONDS_PER_HOUR}",
            using_metrics={"seconds": metric},
            label="hours",
            period=metric.period,
        )
        threshold /= _SECONDS_PER_HOUR
    return cloudwatch.GraphWidget(
        title=title,
        width=_THIRD_OF_WIDTH,
        left=[graph],
        left_annotations=[cloudwatch.HorizontalAnnotation(value=threshold, label=f"alarm {name}")],
        left_y_axis=cloudwatch.YAxisProps(min=0),
    )
