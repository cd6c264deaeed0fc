"""The stack of a minimal installation."""

import json

import pytest
from aws_cdk.assertions import Template
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from argo_ecr_auth_settings.record import read_record
from argo_ecr_auth_settings.schema import make_json_schema
from tests.infra.synthesis import ACCOUNT, REGION, REGISTRY, find_all, find_only, make_content, make_template


@pytest.fixture(scope="module")
def template() -> Template:
    return make_template(make_content(architecture="x86_64", check_every="3m"))


def test_the_function_runs_the_handler_with_the_variables_that_it_reads(template: Template) -> None:
    function = find_only(template, "AWS::Lambda::Function")
    assert function["Handler"] == "argo_ecr_auth.handler.handler"
    assert function["Architectures"] == ["x86_64"]
    assert (function["Timeout"], function["MemorySize"]) == (60, 256)
    (role,) = (name for name in template.find_resources("AWS::IAM::Role") if "FunctionRole" in name)
    assert function["Environment"]["Variables"] == {
        # A recreated role has the same ARN but another id.
        "ROLE_ID": {"Fn::GetAtt": [role, "RoleId"]},
        "POWERTOOLS_SERVICE_NAME": "argo-ecr-auth",
        "POWERTOOLS_METRICS_NAMESPACE": "ArgoEcrAuth",
    }
    assert "ReservedConcurrentExecutions" not in function


def test_per_target_metrics_are_a_variable_that_does_not_change_the_asset(minimal: Template) -> None:
    asked = make_template(make_content(per_target_metrics=True))
    before, after = (find_only(template, "AWS::Lambda::Function") for template in (minimal, asked))
    assert after["Environment"]["Variables"]["PER_TARGET_METRICS"] == "true"
    assert after["Code"] == before["Code"]


def test_the_next_scheduled_run_is_the_only_retry_but_of_a_refused_invocation(template: Template) -> None:
    asynchronous = find_only(template, "AWS::Lambda::EventInvokeConfig")
    assert (asynchronous["MaximumEventAgeInSeconds"], asynchronous["MaximumRetryAttempts"]) == (180, 0)
    retries = find_only(template, "AWS::Scheduler::Schedule")["Target"]["RetryPolicy"]
    assert retries == {"MaximumEventAgeInSeconds": 180, "MaximumRetryAttempts": 3}


def test_only_schedules_of_the_installation_may_use_their_role(template: Template) -> None:
    (group,) = template.find_resources("AWS::Scheduler::ScheduleGroup")
    trusts = [role["AssumeRolePolicyDocument"]["Statement"] for role in find_all(template, "AWS::IAM::Role")]
    ((trust,),) = (statements for statements in trusts if "scheduler" in str(statements))
    assert trust["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": {"Fn::GetAtt": [group, "Arn"]}}
    }


def test_a_target_has_a_schedule_that_names_it(template: Template) -> None:
    schedule = find_only(template, "AWS::Scheduler::Schedule")
    assert schedule["ScheduleExpression"] == "rate(3 minutes)"
    assert json.loads(schedule["Target"]["Input"]) == {"targets": ["demo"], "scheduled": True}


def test_each_target_is_checked_at_the_interval_of_its_profile_and_no_event_expires_before_it() -> None:
    allowed = {"accounts": [ACCOUNT], "regions": [REGION], "clusters": ["slow"]}
    profile = {"credentials": [{"registry": REGISTRY}], "allowed": allowed, "check_every": "30m"}
    targets = [{"cluster": "demo"}, {"cluster": "slow", "profile": "rare"}]

    template = make_template(make_content(targets=targets, profiles={"rare": profile}))

    schedules = {
        json.loads(schedule["Target"]["Input"])["targets"][0]: (
            schedule["ScheduleExpression"],
            schedule["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"],
        )
        for schedule in find_all(template, "AWS::Scheduler::Schedule")
    }
    assert schedules == {"demo": ("rate(2 minutes)", 120), "slow": ("rate(30 minutes)", 1800)}
    assert find_only(template, "AWS::Lambda::EventInvokeConfig")["MaximumEventAgeInSeconds"] == 1800
    record = read_record(template.to_json())
    assert {name: target.check_every for name, target in record.targets.items()} == {"demo": "", "slow": "30m"}


def test_a_target_may_have_any_name() -> None:
    names = ["Role", "Undelivered", "Default", "Resource", "Logs", "Access"]
    template = make_template(make_content(targets=[{"cluster": name} for name in names]))
    schedules = find_all(template, "AWS::Scheduler::Schedule")
    assert sorted(json.loads(schedule["Target"]["Input"])["targets"][0] for schedule in schedules) == sorted(names)


def test_a_disabled_target_has_no_schedule_but_keeps_its_access() -> None:
    template = make_template(make_content(targets=[{"cluster": "demo", "enabled": False}, {"cluster": "other"}]))
    assert json.loads(find_only(template, "AWS::Scheduler::Schedule")["Target"]["Input"]) == {
        "targets": ["other"],
        "scheduled": True,
    }
    assert {entry["ClusterName"] for entry in find_all(template, "AWS::EKS::AccessEntry")} == {"demo", "other"}


def test_the_schedule_comes_after_the_access(template: Template) -> None:
    (entry,) = template.find_resources("AWS::EKS::AccessEntry")
    (schedule,) = template.find_resources("AWS::Scheduler::Schedule").values()
    assert entry in schedule["DependsOn"]


def test_the_log_group_is_deleted_with_the_stack_and_its_lines_after_a_month(template: Template) -> None:
    (log_group,) = template.find_resources("AWS::Logs::LogGroup").values()
    assert log_group["Properties"]["RetentionInDays"] == 30
    assert log_group["DeletionPolicy"] == "Delete"


def test_the_log_may_be_kept_longer_and_encrypted_with_a_key_of_the_account() -> None:
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/12345678-90ab-cdef-1234-567890abcdef"
    log_group = find_only(make_template(make_content(log_retention="400d", log_key_arn=key)), "AWS::Logs::LogGroup")
    assert (log_group["RetentionInDays"], log_group["KmsKeyId"]) == (400, key)


def test_every_allowed_retention_is_one_that_cloudwatch_accepts() -> None:
    log_group = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, "AWS::Logs::LogGroup")
    retention = make_json_schema()["$defs"]["Settings"]["properties"]["log_retention"]
    assert (
        sorted(int(days.removesuffix("d")) for days in retention["enum"])
        == log_group.schema["properties"]["RetentionInDays"]["enum"]
    )


def test_only_the_functions_role_has_a_physical_name(template: Template) -> None:
    resources = template.to_json()["Resources"].values()
    named = {
        (resource["Type"], key)
        for resource in resources
        for key, value in resource.get("Properties", {}).items()
        if (key == "Name" or key.endswith("Name")) and isinstance(value, str)
    }
    assert named == {
        ("AWS::CloudWatch::Alarm", "MetricName"),
        ("AWS::EKS::AccessEntry", "ClusterName"),
        ("AWS::IAM::Policy", "PolicyName"),  # the role's own
        ("AWS::IAM::Role", "RoleName"),  # derived from the installation and its location
    }


def test_the_outputs_hold_the_functions_name_the_command_that_invokes_it_and_the_queue(template: Template) -> None:
    outputs = template.to_json()["Outputs"]
    (function,) = template.find_resources("AWS::Lambda::Function")
    (queue,) = template.find_resources("AWS::SQS::Queue")
    assert outputs["FunctionName"]["Value"] == {"Ref": function}
    assert outputs["UndeliveredQueue"]["Value"] == {"Ref": queue}, "it says why a run was not started"
    parts = outputs["InvokeCommand"]["Value"]["Fn::Join"][1]
    assert "".join(part if isinstance(part, str) else "NAME" for part in parts) == (
        f"aws lambda invoke --region {REGION} --function-name NAME --cli-binary-format raw-in-base64-out "
        "--cli-read-timeout 0 --payload '{}' /dev/stdout"
    )


def test_an_installation_names_the_stack_the_service_and_the_group() -> None:
    template = make_template(make_content(installation="second"))
    function = find_only(template, "AWS::Lambda::Function")
    assert function["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == "second"
    assert find_only(template, "AWS::EKS::AccessEntry")["KubernetesGroups"] == ["second"]


def test_it_synthesizes_if_account_and_region_are_unknown() -> None:
    template = make_template(make_content(), account=None, region=None)
    assert ACCOUNT not in json.dumps(template.to_json())
    assert not any("RoleName" in role for role in find_all(template, "AWS::IAM::Role"))
    assert find_only(template, "AWS::EKS::AccessEntry")["ClusterName"] == "demo"
