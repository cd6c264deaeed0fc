"""An existing Secret or ConfigMap is taken over only if it is recognizably ours, or its owner hands it over."""

import subprocess
from typing import Any

import pytest

from tests.local_cloud import binaries
from tests.local_cloud.cloud import Cluster
from tests.support.function import REGISTRY, Function, FunctionFactory
from tests.support.objects import Objects, encode_base64
from tests.support.results import assert_failed

ARGO_CD = {"argocd.argoproj.io/secret-type": "repository"}
COMMAND = ("was not written by argo-ecr-auth", "annotate secret ecr-auth argo-ecr-auth/take-over=true")
OWNER = {"apiVersion": "v1", "kind": "Widget", "name": "mine", "uid": "1"}
WITHOUT_LABELS = {"stringData": {"type": "helm", "url": REGISTRY, "password": "x"}}
# Secrets of somebody else, and what the error says; more of them in the unit tests of observed objects.
FOREIGN: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "the only copy of a password": ({"stringData": {"username": "admin", "password": "the only copy"}}, COMMAND),
    "without labels": (WITHOUT_LABELS, COMMAND),
    "of another type": ({"type": "example.org/other", "data": {"password": "eA=="}}, COMMAND),
    "labelled by External Secrets": (
        {"metadata": {"labels": {"reconcile.external-secrets.io/managed": "true"}}},
        ("External Secrets", "secret_name"),
    ),
    "owned": ({"metadata": {"ownerReferences": [OWNER]}}, ("Widget mine",)),
}
ORIGINAL: dict[str, Any] = {
    "metadata": {"labels": ARGO_CD},
    "stringData": {"type": "helm", "url": REGISTRY, "name": "ecr", "username": "AWS", "password": "old"},
}


@pytest.mark.parametrize(("body", "words"), FOREIGN.values(), ids=FOREIGN)
def test_somebody_elses_secret_stays_as_it_is(
    body: dict[str, Any], words: tuple[str, ...], function: Function, objects: Objects
) -> None:
    before = objects.create("secrets", body)

    assert_failed(function.result(), *words)
    assert objects.require("secrets") == before
    assert objects.get("configmaps") is None


def test_the_other_credentials_are_done_whatever_one_meets(
    make_function_with: FunctionFactory, objects: Objects
) -> None:
    second = {"registry": REGISTRY, "secret_name": "second"}
    function = make_function_with({"registry": REGISTRY}, second, others=[{"cluster": "gone"}])
    objects.create("secrets", {"type": "example.org/other"})

    assert [result.action for result in function.run()] == ["failed", "created", "failed"]


def test_somebody_elses_config_map_stays_as_it_is(function: Function, objects: Objects) -> None:
    before = objects.create("configmaps", {"data": {"name": "app"}})

    assert_failed(function.result(), "annotate configmap ecr-auth argo-ecr-auth/take-over=true")
    assert objects.require("configmaps") == before
    assert objects.get("secrets") is None


def test_the_command_of_the_error_hands_the_secret_over(cluster: Cluster, function: Function, objects: Objects) -> None:
    objects.create("secrets", WITHOUT_LABELS)
    command = str(function.result().error).rpartition(": ")[2].split()

    kubectl = [str(binaries.find().kubectl), f"--kubeconfig={cluster.kubeconfig}"]
    subprocess.run([*kubectl, *command[1:]], check=True, capture_output=True)

    assert function.result().action == "repaired"
    assert function.result().action == "fresh"


def test_the_original_tools_secret_is_taken_over(function: Function, objects: Objects) -> None:
    objects.create("secrets", ORIGINAL)

    assert function.result().action == "repaired"


@pytest.mark.parametrize(
    ("plural", "body"),
    [("secrets", {"data": {"password": encode_base64("theirs")}}), ("configmaps", {"data": {"name": "app"}})],
)
def test_an_object_of_ours_that_somebody_rewrote_is_repaired(
    plural: str, body: dict[str, Any], function: Function, objects: Objects
) -> None:
    function.run()
    objects.delete(plural)
    objects.create(plural, body)

    assert function.result().action == "repaired"
