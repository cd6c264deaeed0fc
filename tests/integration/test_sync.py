"""What a run makes of what it finds in a cluster."""

import base64
import time

from tests.local_cloud import ecr_token
from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.support.function import GROUP, REGISTRY, Function
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


def test_a_failure_after_the_secret_was_written_knows_no_expiry(function: Function, objects: Objects) -> None:
    """The token that was read is gone, and no ConfigMap vouches for the one that replaced it."""
    function.run()
    before = objects.password
    path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{objects.namespace}/roles/{GROUP}"
    may_only_read = [
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "create", "patch"]},
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]},
    ]
    status, answer = objects.admin.request(
        "PATCH", path, {"rules": may_only_read}, content_type="application/merge-patch+json"
    )
    assert status == 200, answer

    deadline = time.monotonic() + 30
    while not (result := function.result(force=True)).failed:  # the API server knows the old Role for a moment
        assert time.monotonic() < deadline
        before = objects.password

    assert objects.password != before
    assert (result.action, result.error_type) == ("failed", "ForbiddenError")
    assert (result.expires_at, result.seconds_to_expiry) == (None, None)


def test_a_new_role_of_the_same_name_asks_for_a_new_token_and_who_does_not_know_it_does_not(
    function: Function, objects: Objects
) -> None:
    function.function_role_id = "AROABEFORE"
    function.run()
    objects.patch("secrets", {"metadata": {"labels": {"argocd.argoproj.io/secret-type": None}}})

    # An operator's loop puts the label back, and leaves the token's source as it is.
    function.function_role_id = None
    assert function.result().action == "repaired"
    function.function_role_id = "AROABEFORE"
    assert function.result().action == "fresh"

    before = objects.password
    function.function_role_id = "AROANOW"
    assert "requested by another role of this name" in (function.result().reason or "")
    assert (objects.password == before, function.result().action) == (False, "fresh")
