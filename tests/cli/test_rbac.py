"""The manifests, as an administrator applies them."""

import json
import subprocess

import yaml

from tests.cli.conftest import CommandLine
from tests.local_cloud import binaries
from tests.local_cloud.cloud import Cluster, LocalCloud


def test_what_is_printed_lets_the_function_in(
    command_line: CommandLine, local_cloud: LocalCloud, cluster: Cluster, namespace: str
) -> None:
    command_line.write_settings({"cluster": cluster.name, "namespace": namespace}, installation="another-one")

    printed = command_line.run("rbac").stdout
    kubectl = [str(binaries.find().kubectl), "apply", "-f", "-"]
    environment = local_cloud.environment() | {"KUBECONFIG": str(cluster.kubeconfig)}
    applied = subprocess.run(kubectl, env=environment, input=printed, capture_output=True, text=True, check=False)

    assert applied.returncode == 0, applied.stderr
    assert applied.stdout.count("created") == 2
    kinds = [(each["kind"], each["metadata"]["name"]) for each in yaml.safe_load_all(printed)]
    assert kinds == [("Role", "another-one"), ("RoleBinding", "another-one")]


def test_json_is_the_same_in_one_list(command_line: CommandLine) -> None:
    command_line.write_settings({"cluster": "one"}, {"cluster": "two"})

    printed = list(yaml.safe_load_all(command_line.run("rbac").stdout))
    said = json.loads(command_line.run("rbac", "-o", "json").stdout)

    assert said["items"] == printed
    assert len(printed) == 4
    assert len(json.loads(command_line.run("rbac", "-o", "json", "two").stdout)["items"]) == 2
