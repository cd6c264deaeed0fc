"""An existing Secret or ConfigMap is taken over only if it is recognizably ours, or its owner hands it over."""

import subprocess
from typing import Any

import pytest

from tests.local_cloud import binaries
from tests.local_cloud.cloud import Cluster
from tests.support.function import REGISTRY, Function
from tests.support.objects import Objects, encode_base64
from tests.support.results import assert_failed

ARGO_CD = {"argocd.argoproj.io/secret-type": "repository"}
FOREIGN: dict[str, dict[str, Any]] = {
    "the only copy of a password": {"stringData": {"username": "admin", "password": "the only copy"}},
    "a repository at GitHub": {
        "metadata": {"labels": ARGO_CD},
        "stringData": {"type": "git", "url": "https://github.com/team/app", "password": "ghp_token"},
    },
    "without labels": {"stringData": {"type": "helm", "url": REGISTRY, "password": "x"}},
}
ORIGINAL: dict[str, Any] = {
    "metadata": {"labels": ARGO_CD},
    "stringData": {"type": "helm", "url": REGISTRY, "name": "ecr", "username": "AWS", "password": "old"},
}


def _create(objects: Objects, plural: str, body: dict[str, Any]) -> dict[str, Any]:
    body = {**body, "metadata": {**body.get("metadata", {}), "name": objects.name}}
    status, answer = objects.admin.request("POST", objects.path(plural).rpartition("/")[0], body)
    assert status == 201, answer
    return dict(answer)


@pytest.mark.parametrize("foreign", FOREIGN)
def test_somebody_elses_secret_stays_as_it_is(foreign: str, function: Function, objects: Objects) -> None:
    before = _create(objects, "secrets", FOREIGN[foreign])

    result = function.result()

    assert_failed(result, "was not written by argo-ecr-auth", "annotate secret ecr-auth argo-ecr-auth/take-over=true")
    assert objects.require("secrets") == before
    assert objects.get("configmaps") is None


def test_somebody_elses_config_map_stays_as_it_is(function: Function, objects: Objects) -> None:
    before = _create(objects, "configmaps", {"data": {"name": "app"}})

    assert_failed(function.result(), "annotate configmap ecr-auth argo-ecr-auth/take-over=true")
    assert objects.require("configmaps") == before
    assert objects.get("secrets") is None


def test_the_command_of_the_error_hands_the_secret_over(cluster: Cluster, function: Function, objects: Objects) -> None:
    _create(objects, "secrets", FOREIGN["without labels"])
    command = str(function.result().error).rpartition(": ")[2].split()

    kubectl = [str(binaries.find().kubectl), f"--kubeconfig={cluster.kubeconfig}"]
    subprocess.run([*kubectl, *command[1:]], check=True, capture_output=True)

    assert function.result().action == "repaired"
    assert function.result().action == "fresh"


def test_the_original_tools_secret_is_taken_over(function: Function, objects: Objects) -> None:
    _create(objects, "secrets", ORIGINAL)

    assert function.result().action == "repaired"


def test_a_secret_of_ours_that_somebody_rewrote_is_repaired(function: Function, objects: Objects) -> None:
    function.run()
    objects.delete("secrets")
    _create(objects, "secrets", {"data": {"password": encode_base64("theirs")}})

    assert function.result().action == "repaired"


def test_a_config_map_of_ours_that_lost_its_label_is_repaired(function: Function, objects: Objects) -> None:
    function.run()
    objects.delete("configmaps")
    _create(objects, "configmaps", {"data": {"name": "app"}})

    assert function.result().action == "repaired"
