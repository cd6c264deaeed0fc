"""Labels and annotations of the user's own on the Secret, and one credential in several namespaces."""

from dataclasses import replace
from typing import Any

import pytest

from tests.local_cloud import ecr_token
from tests.local_cloud.cloud import LocalCloud
from tests.local_cloud.cluster import Cluster
from tests.support.function import REGISTRY, Function, FunctionFactory, grant, make_settings
from tests.support.objects import Objects

LABEL, ANNOTATION = "backup.example/include", "replicator.example/to"
OWN: dict[str, Any] = {"registry": REGISTRY, "labels": {LABEL: "image"}, "annotations": {ANNOTATION: "team-a, team-b"}}


@pytest.fixture
def make(cluster: Cluster, namespace: str, make_function: FunctionFactory) -> FunctionFactory:
    """Makes functions with one credential of these keys, in the test's namespace."""

    def make(**keys: Any) -> Function:
        return make_function(make_settings({"cluster": cluster.name, "namespace": namespace, "credentials": [keys]}))

    grant(cluster.admin, *make(registry=REGISTRY).targets)
    return make


def _metadata(objects: Objects, plural: str = "secrets") -> dict[str, Any]:
    found: dict[str, Any] = objects.require(plural)["metadata"]
    return {key: found.get(key, {}) for key in ("labels", "annotations")}


def test_they_are_on_both_objects_beside_ours(make: FunctionFactory, objects: Objects) -> None:
    function = make(**OWN)

    assert function.result().action == "created"
    assert _metadata(objects) == {
        "labels": {LABEL: "image", "argocd.argoproj.io/secret-type": "repository"},
        "annotations": {ANNOTATION: "team-a, team-b"},
    }
    on_config_map = _metadata(objects, "configmaps")
    assert on_config_map["labels"] == {LABEL: "image", "argo-ecr-auth": "managed-resource"}
    assert on_config_map["annotations"][ANNOTATION] == "team-a, team-b"
    assert function.result().action == "fresh"


@pytest.mark.parametrize(("part", "key"), [("labels", LABEL), ("annotations", ANNOTATION)])
@pytest.mark.parametrize("kind", ["Secret", "ConfigMap"])
@pytest.mark.parametrize("value", [None, "other"])
def test_one_that_somebody_changed_is_put_back_with_the_token_that_is_there(  # noqa: PLR0917 - parameters
    part: str, key: str, kind: str, value: str | None, make: FunctionFactory, objects: Objects
) -> None:
    plural = f"{kind.lower()}s"
    function = make(**OWN)
    function.run()
    password = objects.password
    objects.patch(plural, {"metadata": {part: {key: value}}})

    result = function.result()

    assert result.action == "repaired"
    assert f"the {kind}'s {part.removesuffix('s')} {key} {'differs' if value else 'is missing'}" in str(result.reason)
    assert _metadata(objects, plural)[part][key] == OWN[part][key]
    assert objects.password == password


def test_one_that_leaves_the_settings_leaves_the_secret_and_others_stay(
    make: FunctionFactory, objects: Objects
) -> None:
    make(**OWN).run()
    password = objects.password
    theirs = {"labels": {"backup.example/keep": "yes"}, "annotations": {"their.example/note": "a"}}
    objects.patch("secrets", {"metadata": theirs})

    function = make(registry=REGISTRY, annotations={ANNOTATION: "team-a"})
    result = function.result()

    assert result.action == "repaired"
    assert f"the Secret's label {LABEL} is no longer wanted" in str(result.reason)
    assert _metadata(objects) == {
        "labels": {"backup.example/keep": "yes", "argocd.argoproj.io/secret-type": "repository"},
        "annotations": {"their.example/note": "a", ANNOTATION: "team-a"},
    }
    assert LABEL not in objects.text()
    assert objects.password == password
    assert function.result().action == "fresh"


def test_each_namespace_has_the_secret_with_one_token_of_one_request(
    cluster: Cluster, objects: Objects, local_cloud: LocalCloud, make_function: FunctionFactory
) -> None:
    namespaces = [objects.namespace, *(f"{objects.namespace}-{letter}" for letter in "bc")]
    for other in namespaces[1:]:
        cluster.admin.create_namespace(other)
    credential = {"registry": REGISTRY, "kind": "pull-secret", "secret_name": "pull", "namespace": namespaces}
    function = make_function(make_settings({"cluster": cluster.name, "credentials": [credential]}))
    grant(cluster.admin, *function.targets)
    before = len(local_cloud.requests())

    results = function.run()

    assert [(result.secret, result.action) for result in results] == [(f"{one}/pull", "created") for one in namespaces]
    secrets = [replace(objects, namespace=one, name="pull").require("secrets") for one in namespaces]
    assert len({secret["data"][".dockerconfigjson"] for secret in secrets}) == 1
    assert [request["action"] for request in local_cloud.requests()[before:]].count("GetAuthorizationToken") == 1
    assert {result.action for result in function.run()} == {"fresh"}


def test_a_namespace_that_is_missing_fails_alone(function: Function, objects: Objects) -> None:
    namespaces = [f"{objects.namespace}-missing", objects.namespace]
    function.settings = make_settings(
        {"cluster": "demo"}, credentials=[{"registry": REGISTRY, "namespace": namespaces}]
    )

    missing, present = function.run()

    assert (missing.action, present.action) == ("failed", "created")
    assert namespaces[0] in str(missing.error)
    assert ecr_token.parse(objects.password).region == "us-east-1"
