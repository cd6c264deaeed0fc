"""The alarms, their topic, and the dashboard. The alarms on metrics of Lambda itself are only in snapshot.json."""

import json
from pathlib import Path
from typing import Any

import pytest
from aws_cdk.assertions import Annotations, Match, Template

from argo_ecr_auth.core.results import metric_values
from argo_ecr_auth_settings.documentation import make_link
from tests.infra.synthesis import ACCOUNT, find_all, find_only, make_content, make_stack, make_template

_TOPIC = "arn:aws:sns:eu-west-1:111111111111:alarms"
_ALARMS = (
    "TokenExpiring",
    "ChecksMissing",
    "Failing",
    "RepairsContinue",
    "Tampering",
    "TokensRejected",
    "Undelivered",
    "Throttled",
    "EventsDropped",
)


def _alarms(template: Template) -> dict[str, dict[str, Any]]:
    """The properties of each alarm by its construct's id."""
    found = template.find_resources("AWS::CloudWatch::Alarm").items()
    return {next(name for name in _ALARMS if name in id_): alarm["Properties"] for id_, alarm in found}


def _stats(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    """The metrics of an alarm, also of one on an expression."""
    if "Metrics" not in alarm:
        return [alarm]
    stats = [metric["MetricStat"] for metric in alarm["Metrics"] if "MetricStat" in metric]
    return [stat["Metric"] | {"Period": stat["Period"], "Statistic": stat["Stat"]} for stat in stats]


@pytest.fixture(scope="module")
def template() -> Template:
    return make_template(make_content(targets=[{"cluster": "a"}, {"cluster": "b"}, {"cluster": "c", "enabled": False}]))


_KEYS = (
    *("MetricName", "Statistic", "Period", "ComparisonOperator", "Threshold", "EvaluationPeriods"),
    "TreatMissingData",
)
_ONCE = ("GreaterThanOrEqualToThreshold", 1)
_FACTS: dict[str, tuple[Any, ...]] = {
    # A third of renew_before.
    "TokenExpiring": ("SecondsToExpiry", "Minimum", 300, "LessThanThreshold", 7200, 1, "notBreaching"),
    # Two schedules with 30 runs an hour each, minus half of the runs of one. Each run reports once.
    "ChecksMissing": ("ChecksCompleted", "SampleCount", 3600, "LessThanThreshold", 45, 3, "breaching"),
    "Failing": ("Failures", "Sum", 300, *_ONCE, 3, "notBreaching"),
    "RepairsContinue": ("Repaired", "Sum", 300, *_ONCE, 6, "notBreaching"),
    "Tampering": ("Tampered", "Sum", 300, *_ONCE, 1, "notBreaching"),
    "TokensRejected": ("TokensRejected", "Sum", 3600, *_ONCE, 3, "notBreaching"),
}


@pytest.mark.parametrize(("name", "facts"), _FACTS.items(), ids=_FACTS)
def test_an_alarm_on_the_functions_metrics_has_these_facts(
    name: str, facts: tuple[Any, ...], template: Template
) -> None:
    alarm = _alarms(template)[name]
    assert tuple(alarm[key] for key in _KEYS) == facts


def test_the_page_of_costs_counts_the_alarms_and_their_metrics(template: Template) -> None:
    alarms = _alarms(template).values()
    counted = f"{len(alarms)} alarms on {sum(len(_stats(alarm)) for alarm in alarms)} metrics"
    assert counted in (Path(__file__).parents[2] / "docs/costs.md").read_text()


def test_the_missing_data_of_a_first_deployment_is_no_alarm(template: Template) -> None:
    warm_up = _alarms(template)["ChecksMissing"]["WarmUpConfiguration"]
    assert warm_up == {"OnlyStartEvaluatingAfterWarmUpPeriodEnds": True, "WarmUpPeriodDurationInMinutes": 75}
    others = [alarm for name, alarm in _alarms(template).items() if name != "ChecksMissing"]
    assert not any("WarmUpConfiguration" in alarm for alarm in others)


def test_alarm_periods_hold_two_check_intervals_without_a_warning_of_the_synth() -> None:
    stack = make_stack(make_content(check_every="10m"))
    assert Annotations.from_stack(stack).find_warning("*/Monitoring/*", Match.any_value()) == []
    alarms = _alarms(Template.from_stack(stack))
    periods = {name: {stat["Period"] for stat in _stats(alarm)} for name, alarm in alarms.items()}
    assert periods == {name: {1200} for name in alarms} | {"ChecksMissing": {3600}, "TokensRejected": {3600}}


def test_each_alarm_names_a_page_that_has_a_section_for_it(template: Template) -> None:
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    alarms = _alarms(template)
    assert alarms.keys() == set(_ALARMS)
    for name, alarm in alarms.items():
        assert alarm["AlarmDescription"].endswith(f". See {make_link('operations', name.lower())}")
        section = page.partition(f"\n### {name}\n")[2].partition("\n### ")[0]
        for question in ("**It means**", "**Look at**", "**Do**", "**It is resolved when**"):
            assert question in section, name


def test_without_an_enabled_target_no_run_is_missed() -> None:
    alarms = _alarms(make_template(make_content(targets=[{"cluster": "asleep", "enabled": False}])))
    assert alarms.keys() == {*_ALARMS} - {"ChecksMissing"}


def test_events_that_scheduler_gives_up_on_alarm(template: Template) -> None:
    (group,) = template.find_resources("AWS::Scheduler::ScheduleGroup")
    (queue,) = template.find_resources("AWS::SQS::Queue")
    alarm = _alarms(template)["Undelivered"]
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == (
        "AWS/Scheduler",
        "InvocationDroppedCount",
        "Sum",
    )
    assert alarm["Dimensions"] == [{"Name": "ScheduleGroup", "Value": {"Ref": group}}]
    for schedule in find_all(template, "AWS::Scheduler::Schedule"):
        assert schedule["GroupName"] == {"Ref": group}
        assert schedule["Target"]["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": [queue, "Arn"]}}


def test_the_functions_metrics_have_the_names_and_the_dimension_that_it_emits(template: Template) -> None:
    own = [stat for alarm in _alarms(template).values() for stat in _stats(alarm) if stat["Namespace"] == "ArgoEcrAuth"]
    assert len(own) == 6
    for alarm in own:
        assert alarm["Dimensions"] == [{"Name": "service", "Value": "argo-ecr-auth"}]
        assert alarm["MetricName"] in {*metric_values(()), "SecondsToExpiry", "Tampered", "TokensRejected"}


def test_without_an_address_the_alarms_have_no_action_and_no_key_is_made(template: Template) -> None:
    assert not any("AlarmActions" in alarm for alarm in _alarms(template).values())
    assert not template.find_resources("AWS::KMS::Key")


def test_alarm_email_makes_a_topic_that_cloudwatch_can_publish_to_and_leaves_the_function(minimal: Template) -> None:
    template = make_template(make_content(alarm_email="a@example.com"))
    assert find_only(template, "AWS::SNS::Subscription")["Endpoint"] == "a@example.com"
    (topic,) = template.find_resources("AWS::SNS::Topic")
    for alarm in _alarms(template).values():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": topic}]
    from_here = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    for policy, actions in (
        (find_only(template, "AWS::KMS::Key")["KeyPolicy"], ["kms:Decrypt", "kms:GenerateDataKey*"]),
        (find_only(template, "AWS::SNS::TopicPolicy")["PolicyDocument"], "sns:Publish"),
    ):
        service = {"Service": "cloudwatch.amazonaws.com"}
        (statement,) = (statement for statement in policy["Statement"] if statement["Principal"] == service)
        assert (statement["Effect"], statement["Action"], statement["Condition"]) == ("Allow", actions, from_here)
    (key,) = template.find_resources("AWS::KMS::Key")
    assert find_only(template, "AWS::SNS::Topic")["KmsMasterKeyId"] == {"Fn::GetAtt": [key, "Arn"]}
    assert find_only(template, "AWS::Lambda::Function") == find_only(minimal, "AWS::Lambda::Function")


def test_alarm_topic_arn_is_used_as_it_is() -> None:
    template = make_template(make_content(alarm_topic_arn=_TOPIC))
    assert all(alarm["AlarmActions"] == [_TOPIC] for alarm in _alarms(template).values())
    assert not template.find_resources("AWS::SNS::Topic")


def _widgets(template: Template) -> list[dict[str, Any]]:
    body = find_only(template, "AWS::CloudWatch::Dashboard")["DashboardBody"]["Fn::Join"][1]
    widgets: list[dict[str, Any]] = json.loads("".join(part if isinstance(part, str) else "-" for part in body))[
        "widgets"
    ]
    return widgets


def test_the_dashboard_says_what_to_do_and_shows_renewals_failures_duration_and_memory(template: Template) -> None:
    first, *others = _widgets(template)
    assert first["type"] == "text"
    for word in ("Failures by target", "argo-ecr-auth doctor", make_link("operations", "alarms")):
        assert word in first["properties"]["markdown"]
    body = json.dumps(others)
    for shown in ("Renewed", "by target", "Duration", "Max Memory Used"):
        assert shown in body
    # Logs Insights finds @type and @maxMemoryUsed by itself only in groups that have the name of Lambda's own.
    assert "@type" not in body
    assert "@maxMemoryUsed" not in body


def test_the_dashboard_shows_each_alarms_metric_with_its_threshold(template: Template) -> None:
    lines = {
        line["label"].removeprefix("alarm "): (line["value"], widget["properties"]["metrics"])
        for widget in _widgets(template)
        for line in widget["properties"].get("annotations", {}).get("horizontal", ())
    }
    alarms = _alarms(template)
    assert lines.keys() == alarms.keys()
    for name, alarm in alarms.items():
        value, metrics = lines[name]
        assert all(stat["MetricName"] in str(metrics) for stat in _stats(alarm))
        assert value == alarm["Threshold"] / (3600 if name == "TokenExpiring" else 1)


def test_monitoring_can_be_disabled() -> None:
    template = make_template(make_content(monitoring=False))
    assert not template.find_resources("AWS::CloudWatch::Alarm")
    assert not template.find_resources("AWS::CloudWatch::Dashboard")
