"""An installation's stack for the command line's tests, with a function that answers made-up results."""

import json
from collections.abc import Sequence
from pathlib import Path

from tests.local_cloud.cloud import LocalCloud


def create_stack(cloud: LocalCloud, name: str, *, role: str, targets: Sequence[str]) -> None:
    """Create it with one schedule for all targets, which fires once a day; `role` is what it says its function has."""
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
    schedule = {
        "Type": "AWS::Scheduler::Schedule",
        "Properties": {
            "Name": f"{name}-schedule",
            "GroupName": {"Ref": "Group"},
            "ScheduleExpression": "rate(1 day)",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {
                "Arn": {"Fn::GetAtt": ["Function", "Arn"]},
                "RoleArn": executor,
                "Input": json.dumps({"targets": list(targets)}),
            },
        },
    }
    template = {
        "Resources": {
            "Function": function,
            "Group": {"Type": "AWS::Scheduler::ScheduleGroup", "Properties": {"Name": name}},
            "Schedule": schedule,
        },
        "Outputs": {"FunctionName": {"Value": {"Ref": "Function"}}, "FunctionRole": {"Value": role}},
    }
    cloudformation = cloud.client("cloudformation")
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
