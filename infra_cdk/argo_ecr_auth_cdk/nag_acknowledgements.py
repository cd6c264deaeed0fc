"""Findings of cdk-nag's AwsSolutions that are as they should be, each on the construct that it is about.

They are metadata of the constructs: an app that runs cdk-nag reads them, any other does not notice.
"""

from collections.abc import Iterable

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import IConstruct

_PACK = "AwsSolutions::AwsSolutions"


def acknowledge_wildcards(role: iam.IRole, resources: Iterable[str]) -> None:
    """Each resource with a `*` in what the settings say that the function may do."""
    for resource in {one for one in resources if "*" in one}:
        reason = (
            "The actions on it take no narrower resource (Service Authorization Reference)"
            if resource == "*"
            else "The settings name the whole registry, or repositories or clusters by pattern"
        )
        _acknowledge(role, f"IAM5[Resource::{_rendered(resource, role)}]", reason)


def acknowledge_invocation(role: iam.IRole, function: lambda_.IFunction) -> None:
    """CDK's own grant to invoke includes the function's versions."""
    resource = function.node.default_child
    if isinstance(resource, cdk.CfnElement):
        name = cdk.Stack.of(function).get_logical_id(resource)
        _acknowledge(role, f"IAM5[Resource::<{name}.Arn>:*]", "To invoke the function is to invoke any version of it")


def acknowledge_runtime(function: lambda_.IFunction) -> None:
    _acknowledge(
        function, "L1", "The runtime is the synthesising Python's, which byte-compiles the asset; Lambda supports it"
    )


def acknowledge_queue(queue: sqs.IQueue) -> None:
    _acknowledge(queue, "SQS3", "It is itself the queue of what was not delivered")


def _acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=f"{_PACK}-{rule}", reason=reason))


def _rendered(resource: str, scope: IConstruct) -> str:
    """As cdk-nag writes it: what is not known at synth by its reference, as `<AWS::AccountId>`."""
    match cdk.Stack.of(scope).resolve(resource):
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(f"<{part['Ref']}>" if isinstance(part, dict) else part for part in parts)
        case resolved:
            return str(resolved)
