"""An operator of the local cloud: who may look at AWS and administers clusters."""

from tests.local_cloud.cloud import Cluster, LocalCloud

OPERATORS = "operators"


OPERATOR_RIGHTS = (
    "cloudformation:*",
    "cloudwatch:GetMetricStatistics",
    "ecr:GetAuthorizationToken",
    "eks:*",
    "iam:GetRole",
    "lambda:*",
    "logs:FilterLogEvents",
    "scheduler:GetSchedule",
    "sts:*",
)


def admit_operator(cloud: LocalCloud, cluster: Cluster, operator: str) -> None:
    """Make the operator an administrator of the cluster."""
    cloud.client("eks", account=cluster.account, region=cluster.region).create_access_entry(
        clusterName=cluster.name, principalArn=operator, kubernetesGroups=[OPERATORS]
    )
    status, answer = cluster.admin.request(
        "POST",
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        {
            "metadata": {"name": OPERATORS},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": OPERATORS}],
        },
    )
    assert status == 201, answer
