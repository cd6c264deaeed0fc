"""The EKS access entries that give access to the clusters, and the role that describes those of another account."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

import aws_cdk as cdk
from aws_cdk import aws_eks as eks
from aws_cdk import aws_iam as iam
from constructs import Construct

from argo_ecr_auth_cdk.nag_acknowledgements import acknowledge_wildcards
from argo_ecr_auth_cdk.policy_statement import make_policy_statement
from argo_ecr_auth_settings.access_plan import Entry
from argo_ecr_auth_settings.function_permissions import make_describe_statement


class ClusterAccess(Construct):
    """One access entry per cluster, in `by_cluster`.

    EKS refuses an entry for a role that IAM has not propagated yet, and CloudFormation then rolls the stack back. So
    entries depend on what takes longer, the function (hashicorp/terraform-provider-aws#35535).
    An entry takes effect some seconds after its creation. It sets no user name: EKS then generates one with the
    session's name, and the cluster's audit log shows it.
    """

    def __init__(self, scope: Construct, id_: str, *, entries: Sequence[Entry], principal_arn: str, group: str) -> None:
        super().__init__(scope, id_)
        self.by_cluster: Mapping[str, eks.CfnAccessEntry] = {
            entry.cluster: eks.CfnAccessEntry(
                self,
                f"Cluster-{entry.cluster}",  # the prefix, because CDK gives the ids Default and Resource a meaning
                cluster_name=entry.cluster,
                principal_arn=principal_arn,
                type="STANDARD",
                kubernetes_groups=[group] if entry.by_group else None,
                access_policies=[_make_edit_policy(self, entry.edited_namespaces)] if entry.edited_namespaces else None,
            )
            for entry in entries
        }


class AccessRole(Construct):
    """The role that only the function's role may assume, to ask for the addresses of another account's clusters."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        role_name: str,
        external_id: str,
        home_account: str,
        function_role_arn: str,
        described: AbstractSet[str],
    ) -> None:
        super().__init__(scope, id_)
        role = iam.Role(
            self,
            "Role",
            role_name=role_name,  # the function's settings name it before it exists
            description="Describes the EKS clusters of this account and region",
            # IAM stores a role principal by its unique id, so it would not trust the role after it is recreated.
            assumed_by=iam.AccountPrincipal(home_account).with_conditions(
                {
                    "ArnEquals": {"aws:PrincipalArn": function_role_arn},
                    "StringEquals": {"sts:ExternalId": external_id},
                }
            ),
        )
        stack = cdk.Stack.of(self)
        statement = make_describe_statement(
            described, region=stack.region, partition=stack.partition, account=stack.account
        )
        role.add_to_policy(make_policy_statement(statement))
        acknowledge_wildcards(role, statement.resources)


def _make_edit_policy(scope: Construct, namespaces: Sequence[str]) -> eks.CfnAccessEntry.AccessPolicyProperty:
    return eks.CfnAccessEntry.AccessPolicyProperty(
        policy_arn=f"arn:{cdk.Stack.of(scope).partition}:eks::aws:cluster-access-policy/AmazonEKSEditPolicy",
        access_scope=eks.CfnAccessEntry.AccessScopeProperty(type="namespace", namespaces=list(namespaces)),
    )
