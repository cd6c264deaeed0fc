"""The function's way into the clusters: EKS access entries."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_eks as eks
from aws_cdk import aws_iam as iam
from constructs import Construct

from argo_ecr_auth.targets import Target
from argo_ecr_auth_cdk.settings import Access


class ClusterAccess(Construct):
    """An access entry per cluster, whatever the number of targets and namespaces in it: `by_cluster`.

    The entry takes effect some seconds after it is made. It has no user name: EKS then gives one that names the
    session, which the cluster's audit log shows.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        targets: Sequence[tuple[Target, Access]],
        role: iam.IRole,
        group: str,
    ) -> None:
        super().__init__(scope, id_)
        self.by_cluster: dict[str, eks.CfnAccessEntry] = {}
        for cluster in dict.fromkeys(target.cluster for target, _ in targets):
            of_it = [(target, access) for target, access in targets if target.cluster == cluster]
            editable = [target for target, access in of_it if access == "edit-policy"]
            by_group = any(access == "least-privilege" for _, access in of_it)
            if not editable and not by_group:
                continue
            self.by_cluster[cluster] = eks.CfnAccessEntry(
                self,
                cluster,
                cluster_name=cluster,
                principal_arn=role.role_arn,
                type="STANDARD",
                kubernetes_groups=[group] if by_group else None,
                access_policies=[_edit_policy(self, editable)] if editable else None,
            )


def _edit_policy(scope: Construct, targets: Sequence[Target]) -> eks.CfnAccessEntry.AccessPolicyProperty:
    namespaces = {credential.namespace for target in targets for credential in target.credentials}
    return eks.CfnAccessEntry.AccessPolicyProperty(
        policy_arn=f"arn:{cdk.Stack.of(scope).partition}:eks::aws:cluster-access-policy/AmazonEKSEditPolicy",
        access_scope=eks.CfnAccessEntry.AccessScopeProperty(type="namespace", namespaces=sorted(namespaces)),
    )
