"""What a run reports where a cluster is not reached or does not let the function in; the others are done."""

import pytest
import trustme

from argo_ecr_auth.run import MAX_CONCURRENCY
from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.servers.server import Answer, Server, always
from tests.support.function import REGISTRY, RIGHTS, Function, FunctionFactory, admit, grant, make_settings
from tests.support.objects import Objects, encode_base64
from tests.support.results import assert_failed

MISSING_ENTRY = ("its access entry is missing, or older than the role", "--cluster-name demo --region us-east-1")


@pytest.mark.parametrize("namespace_exists", [True, False])
def test_a_missing_manifest_and_a_missing_namespace_are_both_named_with_their_commands(
    namespace_exists: bool, cluster: Cluster, namespace: str, make_function: FunctionFactory
) -> None:
    name = namespace if namespace_exists else "nowhere"

    result = make_function(make_settings({"cluster": "demo", "name": "mine", "namespace": name})).result()

    assert_failed(
        result, "get the Secret", f"kubectl create namespace {name}", "kubectl apply -f cdk.out/rbac/mine.rbac.yaml"
    )


@pytest.mark.parametrize(
    ("rights", "words"),
    [
        (RIGHTS, ("demo's API server answers 401", *MISSING_ENTRY)),
        (("ecr:GetAuthorizationToken",), ("AccessDenied", "eks:DescribeCluster")),
    ],
    ids=["no access entry", "no right to describe the cluster"],
)
def test_what_the_role_lacks_for_the_cluster_is_named(
    rights: tuple[str, ...],
    words: tuple[str, ...],
    cluster: Cluster,
    local_cloud: LocalCloud,
    make_function: FunctionFactory,
) -> None:
    stranger = local_cloud.create_role(f"with-{len(rights)}-rights", allow=rights)

    assert_failed(make_function(make_settings({"cluster": "demo"}), role=stranger).result(), *words)


def test_a_fixed_endpoint_of_another_cluster_is_among_the_candidates(
    cluster: Cluster, make_function: FunctionFactory
) -> None:
    address = {"endpoint": cluster.endpoint, "certificate_authority": encode_base64(cluster.ca_pem)}
    function = make_function(make_settings({"cluster": "other", **address}))

    assert_failed(function.result(), "401", "A fixed endpoint may also be another cluster's")


def test_an_unreachable_endpoint_is_named_with_what_to_look_at(
    local_cloud: LocalCloud, role: str, make_function: FunctionFactory
) -> None:
    with local_cloud.run_cluster("halted") as cluster:
        endpoint = cluster.endpoint
        cluster.halt()

        result = make_function(make_settings({"cluster": "halted"})).result()

        assert_failed(result, endpoint, "does not answer", "publicAccessCidrs")


def test_a_cluster_that_never_answers_ends_with_the_runs_time_and_keeps_no_other_from_being_done(
    local_cloud: LocalCloud, role: str, cluster: Cluster, namespace: str, make_function: FunctionFactory
) -> None:
    with local_cloud.run_cluster("frozen") as frozen:
        admit(local_cloud, frozen, role)
        more_than_at_once = [{"registry": REGISTRY, "secret_name": f"ecr-{i}"} for i in range(MAX_CONCURRENCY + 1)]
        targets = {"cluster": "frozen", "credentials": more_than_at_once}, {"cluster": "demo", "namespace": namespace}
        function = make_function(make_settings(*targets))
        grant(cluster.admin, function.targets[1])
        frozen.freeze()
        try:
            first, *_, last, healthy = function.run(seconds=3)
        finally:
            frozen.thaw()

        assert_failed(first, "frozen", "timed out")
        # The last had to wait for the others. On a busy machine its turn may come just before the end.
        assert "not begun within 3 s" in str(last.error) or "timed out" in str(last.error)
        assert healthy.action == "created"


def test_a_wrong_authority_is_told_and_the_certificate_never_trusted(
    cluster: Cluster, make_function: FunctionFactory
) -> None:
    foreign = trustme.CA().cert_pem.bytes().decode()
    target = {"cluster": "demo", "endpoint": cluster.endpoint, "certificate_authority": encode_base64(foreign)}

    assert_failed(make_function(make_settings(target)).result(), "certificate", "certificate_authority")


def test_a_redirect_is_not_followed(make_function: FunctionFactory) -> None:
    """It would carry the bearer token elsewhere."""
    with Server(always(Answer(status=307, headers={"Location": "/elsewhere"}))) as proxy:
        address = {"endpoint": proxy.url, "certificate_authority": encode_base64(proxy.ca_pem)}
        result = make_function(make_settings({"cluster": "demo", **address})).result()

    assert_failed(result, "(307)")
    assert "/elsewhere" not in {request.path for request in proxy.requests}


def test_ecr_refusing_is_told_in_its_own_words_with_the_right_that_is_missing_and_a_label_is_put_back(
    function: Function, cluster: Cluster, objects: Objects, local_cloud: LocalCloud, make_function: FunctionFactory
) -> None:
    poor = local_cloud.create_role("poor", allow=["eks:DescribeCluster"])
    admit(local_cloud, cluster, poor)

    result = make_function(function.settings, role=poor).result()
    assert_failed(result, "ECR in us-east-1", "AccessDenied", "ecr:GetAuthorizationToken")
    assert result.reason == "there is no Secret and no ConfigMap"

    make_function(function.settings).run()
    before = objects.password
    objects.patch("secrets", {"metadata": {"labels": {"argocd.argoproj.io/secret-type": None}}})
    assert_failed(make_function(function.settings, role=poor).result(force=True), "ECR in us-east-1", "AccessDenied")
    assert objects.require("secrets")["metadata"]["labels"] == {"argocd.argoproj.io/secret-type": "repository"}
    assert objects.password == before
