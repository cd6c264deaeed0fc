"""The function's metrics put each alarm into ALARM, and back into OK.

The local cloud does not extract metrics from log lines, so the test does. It treats an alarm's whole window as one
period and ignores missing data: tests/infra/test_monitoring.py covers the number of periods and missing data.
"""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.installation import SECRET, Installation

_BINDING = "/apis/rbac.authorization.k8s.io/v1/namespaces/argocd/rolebindings/argo-ecr-auth"
_SECONDS_TO_LEAVE = 6  # after this time the datum has left its alarm's window


def _run_healthy(installation: Installation) -> None:
    assert not installation.invoke({}).failed


def _run_that_fails(installation: Installation) -> None:
    installation.cluster.admin.request("DELETE", _BINDING)
    assert installation.invoke({}).failed
    installation.apply_manifests()


def _run_that_repairs(installation: Installation) -> None:
    installation.cluster.admin.request("DELETE", SECRET)
    assert installation.invoke({}).results[0]["action"] == "repaired"


_RUNS: dict[str, Callable[[Installation], None]] = {
    "ChecksMissing": _run_that_fails,
    "Failing": _run_that_fails,
    "RepairsContinue": _run_that_repairs,
}


@pytest.mark.parametrize("name", _RUNS)
def test_the_functions_metrics_raise_the_alarm_and_a_healthy_run_clears_it(
    name: str, installation: Installation
) -> None:
    alarm = _alarm(installation, name)
    window = timedelta(seconds=alarm["Period"] * alarm["EvaluationPeriods"])
    _run_healthy(installation)
    lines = _collect_metrics(installation, _RUNS[name])

    edge = datetime.now(UTC) - window + timedelta(seconds=_SECONDS_TO_LEAVE)
    _feed(installation, lines, alarm=alarm, at=edge)
    assert _alarm(installation, name)["StateValue"] == "ALARM"

    time.sleep(_SECONDS_TO_LEAVE)
    lines = _collect_metrics(installation, _run_healthy)
    # The runs of two hours: the alarm requires fewer.
    _feed(installation, lines * 60, alarm=alarm, at=datetime.now(UTC))
    assert _alarm(installation, name)["StateValue"] == "OK"


def test_a_token_that_expires_soon_raises_its_alarm_and_a_renewal_clears_it(installation: Installation) -> None:
    alarm = _alarm(installation, "TokenExpiring")
    edge = datetime.now(UTC) - timedelta(seconds=alarm["Period"] - _SECONDS_TO_LEAVE)
    (line,) = _collect_metrics(installation, _run_healthy)
    (seconds,) = line["SecondsToExpiry"]

    # The value after eleven hours without a renewal.
    _feed(installation, [line | {"SecondsToExpiry": [seconds - 11 * 3600]}], alarm=alarm, at=edge)
    assert _alarm(installation, "TokenExpiring")["StateValue"] == "ALARM"

    time.sleep(_SECONDS_TO_LEAVE)
    _feed(installation, [line], alarm=alarm, at=datetime.now(UTC))
    assert _alarm(installation, "TokenExpiring")["StateValue"] == "OK"


@pytest.mark.parametrize("name", ["Undelivered", "Throttled", "EventsDropped"])
def test_the_metrics_of_aws_raise_the_alarm_and_clear_it(name: str, installation: Installation) -> None:
    alarm = _alarm(installation, name)
    window = timedelta(seconds=alarm["Period"] * alarm["EvaluationPeriods"])
    edge = datetime.now(UTC) - window + timedelta(seconds=_SECONDS_TO_LEAVE)

    _put(installation, alarm=alarm, value=1, at=edge)
    assert _alarm(installation, name)["StateValue"] == "ALARM"

    time.sleep(_SECONDS_TO_LEAVE)
    _put(installation, alarm=alarm, value=0, at=datetime.now(UTC))
    assert _alarm(installation, name)["StateValue"] == "OK"


def _alarm(installation: Installation, name: str) -> dict[str, Any]:
    alarms = installation.cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]
    (found,) = (alarm for alarm in alarms if f"Alarms{name}" in alarm["AlarmName"])
    return dict(found)


def _collect_metrics(installation: Installation, run: Callable[[Installation], None]) -> list[dict[str, Any]]:
    """The metrics in the log of a run's last invocation."""
    run(installation)
    lines = [json.loads(line) for line in installation.log().splitlines() if line.startswith('{"_aws"')]
    return lines[-1:]


def _feed(installation: Installation, lines: list[dict[str, Any]], *, alarm: dict[str, Any], at: datetime) -> None:
    """Do with a log line in the embedded metric format what CloudWatch Logs does, for the alarm's metric."""
    for line in lines:
        (declared,) = line["_aws"]["CloudWatchMetrics"]
        assert declared["Namespace"] == alarm["Namespace"]
        (names,) = declared["Dimensions"]
        assert [{"Name": name, "Value": line[name]} for name in names] == alarm["Dimensions"]
        (value,) = line[alarm["MetricName"]]
        _put(installation, alarm=alarm, value=value, at=at)


def _put(installation: Installation, *, alarm: dict[str, Any], value: float, at: datetime) -> None:
    datum = {"MetricName": alarm["MetricName"], "Dimensions": alarm["Dimensions"], "Value": value, "Timestamp": at}
    installation.cloud.client("cloudwatch").put_metric_data(Namespace=alarm["Namespace"], MetricData=[datum])
