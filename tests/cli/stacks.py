"""An installation's stack for the command line's tests, with a function that answers made-up results."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.local_cloud.cloud import LocalCloud
from tests.support.objects import Objects


def create_stack(cloud: LocalCloud, name: str, *, role: str, groups: Sequence[Sequence[str]]) -> None:
    """Create it with a schedule for each group of targets, which never starts the function.

    `role` is what it says its function has.
    """
    executor = cloud.create_role(f"executor-{name}")
    function = {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Handler": "index.handler",
            "Role": executor,
            "Runtime": f"python{cloud.python}",
            "Code": {"ZipFile": (Path(__file__).parent / "fake_function.py").read_text()},
        },
    }
    schedules = {
        f"Schedule{number}": {
            "Type": "AWS::Scheduler::Schedule",
            "Properties": {
                "Name": f"{name}-schedule-{number}",
                "GroupName": {"Ref": "Group"},
                "ScheduleExpression": "rate(1 day)",
                "StartDate": "2999-01-01T00:00:00Z",
                "FlexibleTimeWindow": {"Mode": "OFF"},
                "Target": {
                    "Arn": {"Fn::GetAtt": ["Function", "Arn"]},
                    "RoleArn": executor,
                    "Input": json.dumps({"targets": list(targets)}),
                },
            },
        }
        for number, targets in enumerate(groups)
    }
    template = {
        "Resources": {
            "Function": function,
            "Group": {"Type": "AWS::Scheduler::ScheduleGroup", "Properties": {"Name": name}},
            "Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": f"/{name}"}},
            **schedules,
        },
        "Outputs": {"FunctionName": {"Value": {"Ref": "Function"}}, "FunctionRole": {"Value": role}},
    }
    cloudformation = cloud.client("cloudformation")
    cloudformation.create_stack(StackName=name, TemplateURL=_upload(cloud, name, json.dumps(template)))
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})


def _upload(cloud: LocalCloud, name: str, template: str) -> str:
    """Many schedules are more than CloudFormation takes with a request; the URL of the template in a bucket."""
    bucket = f"templates-{name}"
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="template.json", Body=template.encode())
    return f"{cloud.endpoint_url}/{bucket}/template.json"


def write_log(cloud: LocalCloud, stack: str, objects: Objects, *results: tuple[timedelta, dict[str, Any]]) -> datetime:
    """Write these results of the function as old as given, without nulls as its logger; returns what counts as now."""
    logs, now = cloud.client("logs"), datetime.now(UTC).replace(microsecond=0)
    logs.create_log_stream(logGroupName=f"/{stack}", logStreamName=objects.namespace)
    common = {"target": "demo", "secret": f"{objects.namespace}/ecr-auth", "action": "fresh"}
    events = [
        {
            "timestamp": int((now - age).timestamp() * 1000),
            "message": json.dumps(common | result),
        }
        for age, result in results
    ]
    logs.put_log_events(logGroupName=f"/{stack}", logStreamName=objects.namespace, logEvents=events)
    return now
