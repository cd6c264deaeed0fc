"""Lets CloudFormation create alarms on expressions: the emulator watches the first metric of the expression alone."""

from typing import Any

from ministack.services.cloudformation import provisioners


def install() -> None:
    original = provisioners._cw_metric_alarm_record  # noqa: SLF001

    def record(name: str, properties: dict[str, Any]) -> Any:
        if "Metrics" not in properties:
            return original(name, properties)
        stat = next(metric["MetricStat"] for metric in properties["Metrics"] if "MetricStat" in metric)
        rest = {key: value for key, value in properties.items() if key != "Metrics"}
        return original(name, rest | stat["Metric"] | {"Period": stat["Period"], "Statistic": stat["Stat"]})

    provisioners._cw_metric_alarm_record = record  # noqa: SLF001
