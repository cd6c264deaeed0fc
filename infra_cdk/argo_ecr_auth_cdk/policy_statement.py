"""Converts policy statements of the settings to CDK's."""

from aws_cdk import aws_iam as iam

from argo_ecr_auth_settings.function_permissions import Statement


def make_policy_statement(statement: Statement) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid=statement.sid,
        actions=list(statement.actions),
        resources=list(statement.resources),
        conditions=dict(statement.conditions) or None,
    )
