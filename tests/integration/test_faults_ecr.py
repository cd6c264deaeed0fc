"""What a run reports and does where ECR gives no token."""

from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.support.function import FunctionFactory, admit, grant, make_settings
from tests.support.objects import Objects
from tests.support.results import assert_failed


def test_ecr_refusing_is_told_in_its_own_words_with_the_right_that_is_missing(
    local_cloud: LocalCloud, make_function: FunctionFactory
) -> None:
    poor = local_cloud.create_role("poor", allow=["eks:DescribeCluster"])
    with local_cloud.run_cluster("poor") as cluster:
        admit(local_cloud, cluster, poor)
        function = make_function(make_settings({"cluster": "poor"}), role=poor)
        grant(cluster.admin, *function.targets)

        result = function.result()

        assert_failed(result, "ECR in us-east-1", "AccessDenied", "ecr:GetAuthorizationToken")
        assert result.reason == "there is no Secret and no ConfigMap"


def test_a_label_is_put_back_while_ecr_refuses(
    cluster: Cluster, namespace: str, local_cloud: LocalCloud, make_function: FunctionFactory
) -> None:
    settings = make_settings({"cluster": "demo", "namespace": namespace})
    function = make_function(settings)
    grant(cluster.admin, *function.targets)
    function.run()
    objects = Objects(admin=cluster.admin, namespace=namespace)
    before = objects.password
    objects.patch("secrets", {"metadata": {"labels": {"argocd.argoproj.io/secret-type": None}}})
    poor = local_cloud.create_role("poorer", allow=["eks:DescribeCluster"])
    admit(local_cloud, cluster, poor)

    result = make_function(settings, role=poor).result(force=True)

    assert_failed(result, "ECR in us-east-1", "AccessDenied")
    assert objects.require("secrets")["metadata"]["labels"] == {"argocd.argoproj.io/secret-type": "repository"}
    assert objects.password == before
