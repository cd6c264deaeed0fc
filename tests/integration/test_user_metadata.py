"""Labels and annotations of the user's own on the Secret, and one credential in several namespaces."""

from dataclasses import replace
from typing import Any

import pytest

from tests.local_cloud.cloud import LocalCloud
from tests.local_cloud.cluster import Cluster
from tests.support.function import REGISTRY, FunctionFactory, grant, make_settings
from tests.support.objects import Objects

LABEL, ANNOTATION = "backup.example/include", "replicator.example/to"
OWN: dict[str, Any] = {"registry": REGISTRY, "labels": {LABEL: "image"}, "annotations": {ANNOTATION: "team-a, team-b"}}


def _metadata(objects: Objects, plural: str = "secrets") -> dict[str, Any]:
    found: dict[str, Any] = objects.require(plural)["metadata"]
    return {key: found.get(key, {}) for key in ("labels", "annotations")}


def test_they_are_on_both_objects_beside_ours(make_function_with: FunctionFactory, objects: Objects) -> None:
    function = make_function_with(OWN)

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
def test_one_that_somebody_changed_is_put_back_with_the_token_that_is_there(
    part: str, key: str, kind: str, make_function_with: FunctionFactory, objects: Objects
) -> None:
    plural = f"{kind.lower()}s"
    function = make_function_with(OWN)
    function.run()
    password = objects.password
    objects.patch(plural, {"metadata": {part: {key: "other"}}})

    result = function.result()

    assert result.action == "repaired"
    assert f"the {kind}'s {part.removesuffix('s')} {key} differs" in str(result.reason)
    assert _metadata(objects, plural)[part][key] == OWN[part][key]
    assert objects.password == password


def test_one_that_leaves_the_settings_leaves_the_secret_and_others_stay(
    make_function_with: FunctionFactory, objects: Objects
) -> None:
    function = make_function_with(OWN)
    function.run()
    password = objects.password
    theirs = {"labels": {"backup.example/keep": "yes"}, "annotations": {"their.example/note": "a"}}
    objects.patch("secrets", {"metadata": theirs})

    target = {"cluster": "demo", "namespace": objects.namespace}
    credential = {"registry": REGISTRY, "annotations": {ANNOTATION: "team-a"}}
    function.settings = make_settings(target, credentials=[credential])
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


def test_each_namespace_has_the_secret_with_one_token_of_one_request_and_one_that_is_missing_fails_alone(
    cluster: Cluster, objects: Objects, local_cloud: LocalCloud, make_function: FunctionFactory
) -> None:
    namespaces = [objects.namespace, *(f"{objects.namespace}-{letter}" for letter in "bc")]
    for other in namespaces[1:]:
        cluster.admin.create_namespace(other)
    credential = {"registry": REGISTRY, "kind": "pull-secret", "secret_name": "pull", "namespace": namespaces}
    function = make_function(make_settings({"cluster": cluster.name, "credentials": [credential]}))
    grant(cluster.admin, *function.targets)
    missing = f"{objects.namespace}-missing"
    with_missing = credential | {"namespace": [*namespaces, missing]}
    function.settings = make_settings({"cluster": cluster.name, "credentials": [with_missing]})
    before = len(local_cloud.requests())

    results = function.run()

    assert [(result.secret, result.action) for result in results] == [
        *((f"{namespace}/pull", "created") for namespace in namespaces),
        (f"{missing}/pull", "failed"),
    ]
    assert f"create namespace {missing}" in str(results[-1].error)
    secrets = [replace(objects, namespace=namespace, name="pull").require("secrets") for namespace in namespaces]
    assert len({secret["data"][".dockerconfigjson"] for secret in secrets}) == 1
    assert [request["action"] for request in local_cloud.requests()[before:]].count("GetAuthorizationToken") == 1
    assert [result.action for result in function.run()] == ["fresh", "fresh", "fresh", "failed"]
