"""What a run makes of what it finds in a cluster."""

import base64

from argo_ecr_auth.run import MAX_CONCURRENCY
from tests.local_cloud import ecr_token
from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.support.function import REGISTRY, Function, FunctionFactory, admit, grant, make_settings
from tests.support.objects import Objects


def test_the_first_run_creates_both_objects_in_exactly_the_documented_shape(
    function: Function, objects: Objects, role: str
) -> None:
    result = function.result()

    secret, config_map = objects.require("secrets"), objects.require("configmaps")
    assert (result.action, result.error) == ("created", None)
    assert secret["type"] == "Opaque"
    assert secret["metadata"]["labels"] == {"argocd.argoproj.io/secret-type": "repository"}
    assert "annotations" not in secret["metadata"]
    data = {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}
    token = ecr_token.parse(data.pop("password"))
    assert data == {"url": REGISTRY, "name": "ecr", "type": "helm", "enableOCI": "true", "username": "AWS"}
    assert (token.region, role.rpartition("/")[2] in token.caller) == ("us-east-1", True)
    assert config_map["metadata"]["labels"] == {"argo-ecr-auth": "managed-resource"}
    assert set(config_map["metadata"]["annotations"]) == {
        "argo-ecr-auth/fingerprint",
        "argo-ecr-auth/lifetime-seconds",
        "argo-ecr-auth/token-source",
    }
    assert config_map["data"] == {"expireyTime": result.as_dict()["expires_at"], "name": REGISTRY}


def test_a_fresh_credential_costs_two_reads_no_write_and_no_call_to_aws(
    function: Function, objects: Objects, cluster: Cluster, local_cloud: LocalCloud
) -> None:
    function.run()
    versions, requests, events = objects.versions, len(local_cloud.requests()), len(cluster.audit_events())

    result = function.result()

    seen = [
        (event["verb"], event["objectRef"]["resource"])
        for event in cluster.audit_events()[events:]
        if event["objectRef"].get("namespace") == objects.namespace and "assumed-role" in event["user"]["username"]
    ]
    assert result.action == "fresh"
    assert seen == [("get", "secrets"), ("get", "configmaps")]
    assert local_cloud.requests()[requests:] == []
    assert objects.versions == versions


def test_what_others_added_stays(function: Function, objects: Objects) -> None:
    function.run()
    foreign = {"labels": {"team": "a"}, "annotations": {"note": "b"}}
    objects.patch("secrets", {"metadata": foreign, "data": {"theirs": "Yw=="}})
    objects.patch("configmaps", {"metadata": foreign, "data": {"theirs": "d"}})
    objects.patch("secrets", {"data": {"password": "eA=="}})

    assert function.result().action == "repaired"

    secret, config_map = objects.require("secrets"), objects.require("configmaps")
    for found in (secret, config_map):
        assert found["metadata"]["labels"]["team"] == "a"
        assert found["metadata"]["annotations"]["note"] == "b"
    assert (secret["data"]["theirs"], config_map["data"]["theirs"]) == ("Yw==", "d")


def test_a_changed_authority_or_endpoint_is_asked_for_again_in_the_same_run(
    local_cloud: LocalCloud, role: str, make_function: FunctionFactory
) -> None:
    with local_cloud.run_cluster("changing") as cluster:
        admit(local_cloud, cluster, role)
        # More than are done at once: some begin when another has learned the news already.
        credentials = [{"registry": REGISTRY, "secret_name": f"ecr-{i}"} for i in range(MAX_CONCURRENCY + 4)]
        function = make_function(make_settings({"cluster": cluster.name, "credentials": credentials}))
        grant(cluster.admin, *function.targets)
        assert {result.action for result in function.run()} == {"created"}

        for change in (cluster.rotate_ca, cluster.move):
            change()
            assert {(result.action, result.error) for result in function.run()} == {("fresh", None)}, change.__name__
