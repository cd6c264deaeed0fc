"""What a run does with a Secret that is not ours: it leaves it, says why, and does the other credentials."""

import pytest

from tests.local_cloud.cloud import Cluster
from tests.support.function import REGISTRY, Function, FunctionFactory, grant, make_settings
from tests.support.objects import Objects
from tests.support.results import assert_failed

MANAGED = {
    "label": {"labels": {"reconcile.external-secrets.io/managed": "true"}},
    "annotation": {"annotations": {"reconcile.external-secrets.io/data-hash": "1"}},
}


@pytest.mark.parametrize("mark", MANAGED)
def test_a_secret_that_external_secrets_manages_is_left_alone(mark: str, function: Function, objects: Objects) -> None:
    body = {"metadata": {"name": "ecr-auth", **MANAGED[mark]}, "data": {"password": "eA=="}}
    assert objects.admin.request("POST", objects.path("secrets").rpartition("/")[0], body)[0] == 201

    assert_failed(function.result(), "External Secrets", "secret_name")
    assert objects.password == "x"


def test_an_owned_secret_is_left_alone_and_its_owner_named(function: Function, objects: Objects) -> None:
    owner = {"apiVersion": "v1", "kind": "Widget", "name": "mine", "uid": "1"}
    body = {"metadata": {"name": "ecr-auth", "ownerReferences": [owner]}, "data": {"password": "eA=="}}
    assert objects.admin.request("POST", objects.path("secrets").rpartition("/")[0], body)[0] == 201

    assert_failed(function.result(), "Widget mine")


def test_a_secret_of_another_type_is_refused_and_not_deleted(function: Function, objects: Objects) -> None:
    body = {"metadata": {"name": "ecr-auth"}, "type": "example.org/other", "data": {"password": "eA=="}}
    assert objects.admin.request("POST", objects.path("secrets").rpartition("/")[0], body)[0] == 201

    assert_failed(function.result(), "was not written by argo-ecr-auth")
    assert objects.password == "x"


def test_the_other_credentials_are_done_whatever_one_meets(
    cluster: Cluster, namespace: str, make_function: FunctionFactory
) -> None:
    credentials = [{"registry": REGISTRY}, {"registry": REGISTRY, "secret_name": "second"}]
    written = {"cluster": "demo", "namespace": namespace, "credentials": credentials}
    function = make_function(make_settings(written, {"cluster": "gone"}))
    grant(cluster.admin, function.targets[0])
    body = {"metadata": {"name": "ecr-auth"}, "type": "example.org/other"}
    assert cluster.admin.request("POST", f"/api/v1/namespaces/{namespace}/secrets", body)[0] == 201

    assert [result.action for result in function.run()] == ["failed", "created", "failed"]
