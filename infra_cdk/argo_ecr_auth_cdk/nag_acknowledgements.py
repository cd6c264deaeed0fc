"""Acknowledges the intended findings of cdk-nag's AwsSolutions, each on the construct that it concerns.

An acknowledgment is metadata of the construct. cdk-nag reads it; an app without cdk-nag ignores it.
"""

from collections.abc import Iterable

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import IConstruct

_PACK = "AwsSolutions::AwsSolutions"


def acknowledge_wildcards(role: iam.IRole, resources: Iterable[str]) -> None:
    """Acknowledge each resource with a `*`, which the settings require."""
    for resource in {arn for arn in resources if "*" in arn}:
        reason = (
            "The actions on it take no narrower resource (Service Authorization Reference)"
            if resource == "*"
            else "The settings name the whole registry, or repositories or clusters by pattern"
        )
        _acknowledge(role, f"IAM5[Resource::{_render(resource, role)}]", reason)


def acknowledge_invocation(role: iam.IRole, function: lambda_.IFunction) -> None:
    """Acknowledge that CDK's own grant to invoke a function includes the function's versions."""
    resource = function.node.default_child
    if isinstance(resource, cdk.CfnElement):
        name = cdk.Stack.of(function).get_logical_id(resource)
        _acknowledge(role, f"IAM5[Resource::<{name}.Arn>:*]", "To invoke the function is to invoke any version of it")


def acknowledge_runtime(function: lambda_.IFunction) -> None:
    _acknowledge(
        function, "L1", "The runtime is the Python of the synth, which byte-compiles the asset; Lambda supports it"
    )


def acknowledge_queue(queue: sqs.IQueue) -> None:
    _acknowledge(queue, "SQS3", "It is itself a dead-letter queue")


def _acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=f"{_PACK}-{rule}", reason=reason))


def _render(resource: str, scope: IConstruct) -> str:
    """The resource in cdk-nag's format: a value that is unknown at synth is a reference, `<AWS::AccountId>`."""
    match cdk.Stack.of(scope).resolve(resource):
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(f"<{part['Ref']}>" if isinstance(part, dict) else part for part in parts)
        case resolved:
            return str(resolved)
