"""What a run reports where a cluster is not reached or does not let the function in."""

import pytest
import trustme

from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.servers.server import Answer, Server, always
from tests.support.function import PERMISSIONS, FunctionFactory, make_settings
from tests.support.objects import encode_base64
from tests.support.results import assert_failed


@pytest.mark.parametrize("namespace_exists", [True, False])
def test_a_missing_manifest_and_a_missing_namespace_are_both_named_with_their_commands(
    namespace_exists: bool, cluster: Cluster, namespace: str, make_function: FunctionFactory
) -> None:
    name = namespace if namespace_exists else "nowhere"

    result = make_function(make_settings({"cluster": "demo", "name": "mine", "namespace": name})).result()

    assert_failed(
        result, "get the Secret", f"kubectl create namespace {name}", "kubectl apply -f cdk.out/rbac/mine.rbac.yaml"
    )


def test_a_missing_access_entry_is_named(
    cluster: Cluster, local_cloud: LocalCloud, make_function: FunctionFactory
) -> None:
    stranger = local_cloud.create_role("stranger", allow=PERMISSIONS)
    why = "its access entry is missing, or older than the role"

    result = make_function(make_settings({"cluster": "demo"}), role=stranger).result()

    assert_failed(result, "demo's API server returned 401", why, "--cluster-name demo --region us-east-1")


def test_a_fixed_endpoint_of_another_cluster_is_among_the_candidates(
    cluster: Cluster, make_function: FunctionFactory
) -> None:
    address = {"endpoint": cluster.endpoint, "certificate_authority": encode_base64(cluster.ca_pem)}
    function = make_function(make_settings({"cluster": "other", **address}))

    assert_failed(function.result(), "401", "If the target sets an endpoint, it may belong to another cluster")


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
