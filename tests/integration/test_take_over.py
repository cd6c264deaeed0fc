"""An existing Secret is taken over only if it is recognizably ours, or its owner hands it over."""

import subprocess
from pathlib import Path

from tests.local_cloud import binaries
from tests.local_cloud.cloud import Cluster
from tests.support.function import REGISTRY, Function
from tests.support.objects import Objects
from tests.support.results import assert_failed

_PAGE = Path(__file__).parents[2] / "docs" / "coming-from.md"


def test_somebody_elses_secret_stays_as_it_is_until_the_command_of_the_error_and_the_page_hands_it_over(
    cluster: Cluster, function: Function, objects: Objects
) -> None:
    """What else is somebody else's, or is ours: the unit tests of observed objects."""
    before = objects.create("secrets", {"stringData": {"type": "helm", "url": REGISTRY, "password": "x"}})

    result = function.result()

    assert_failed(result, "was not written by argo-ecr-auth")
    assert objects.require("secrets") == before
    assert objects.get("configmaps") is None
    command = str(result.error).rpartition(": ")[2]
    assert f"{command}\n".replace(objects.namespace, "argocd") in _PAGE.read_text()
    kubectl = [str(binaries.find().kubectl), f"--kubeconfig={cluster.kubeconfig}"]
    subprocess.run([*kubectl, *command.split()[1:]], check=True, capture_output=True)
    assert function.result().action == "repaired"
    assert function.result().action == "fresh"
