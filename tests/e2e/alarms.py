"""Feeds the alarms of a deployment: the local cloud does not extract metrics from log lines.

It treats an alarm's whole window as one period and ignores missing data: tests/infra/test_monitoring.py covers the
number of periods and missing data.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.installation import Installation

Metrics = dict[str, Any]
"""A log line in the embedded metric format."""


def find_alarm(installation: Installation, name: str) -> dict[str, Any]:
    alarms = installation.cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]
    (found,) = (alarm for alarm in alarms if f"Alarms{name}" in alarm["AlarmName"])
    return dict(found)


def find_metrics(installation: Installation, **values: float) -> Metrics:
    """The metrics of the last run that has logged these values."""
    lines: list[Metrics] = [json.loads(line) for line in installation.log().splitlines() if line.startswith('{"_aws"')]
    return [line for line in lines if all(line[name] == [value] for name, value in values.items())][-1]


def read_values(metrics: Metrics, alarm: dict[str, Any]) -> list[float]:
    """The values of the alarm's metric, as CloudWatch Logs extracts them."""
    (declared,) = metrics["_aws"]["CloudWatchMetrics"]
    assert declared["Namespace"] == alarm["Namespace"]
    (names,) = declared["Dimensions"]
    assert [{"Name": name, "Value": metrics[name]} for name in names] == alarm["Dimensions"]
    return list(metrics[alarm["MetricName"]])


def put_values(
    installation: Installation, alarm: dict[str, Any], values: Sequence[float], *, seconds_to_leave: float | None = None
) -> None:
    """Put values now, or at a time in the past from which they leave the alarm's window within these seconds."""
    at = datetime.now(UTC)
    if seconds_to_leave is not None:
        at -= timedelta(seconds=alarm["Period"] * alarm["EvaluationPeriods"] - seconds_to_leave)
    data = [
        {"MetricName": alarm["MetricName"], "Dimensions": alarm["Dimensions"], "Value": value, "Timestamp": at}
        for value in values
    ]
    installation.cloud.client("cloudwatch").put_metric_data(Namespace=alarm["Namespace"], MetricData=data)
