"""The SNS topic that the alarms are sent to."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from argo_ecr_auth_settings.settings import Settings

_CLOUDWATCH = iam.ServicePrincipal("cloudwatch.amazonaws.com")


def make_alarm_topic(scope: Construct, *, settings: Settings) -> sns.ITopic | None:
    """The topic of `alarm_topic_arn`, or a new encrypted one for `alarm_email`, or None."""
    if settings.alarm_topic_arn:
        return sns.Topic.from_topic_arn(scope, "Topic", settings.alarm_topic_arn)
    if settings.alarm_email:
        topic = _make_encrypted_topic(scope)
        topic.add_subscription(subscriptions.EmailSubscription(settings.alarm_email))
        return topic
    return None


def _make_encrypted_topic(scope: Construct) -> sns.Topic:
    from_this_account = {"StringEquals": {"aws:SourceAccount": cdk.Stack.of(scope).account}}
    # A key of our own: CloudWatch cannot use the key that AWS manages for SNS, and its alarms would be lost silently
    # (Amazon SNS Developer Guide, "Enable compatibility between event sources and encrypted topics").
    key = kms.Key(
        scope,
        "Key",
        description="Encrypts alarms of argo-ecr-auth on their way",
        enable_key_rotation=True,
        removal_policy=cdk.RemovalPolicy.DESTROY,
        pending_window=cdk.Duration.days(7),
    )
    key.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[_CLOUDWATCH],
            actions=["kms:Decrypt", "kms:GenerateDataKey*"],
            resources=["*"],  # this key
            conditions=from_this_account,
        )
    )
    topic = sns.Topic(scope, "Topic", master_key=key, enforce_ssl=True)
    # enforce_ssl adds a policy. It replaces the default policy, which lets the account's alarms publish.
    topic.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[_CLOUDWATCH], actions=["sns:Publish"], resources=[topic.topic_arn], conditions=from_this_account
        )
    )
    return topic
