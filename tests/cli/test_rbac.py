"""The manifests, as an administrator applies them."""

import json
import subprocess

import yaml

from tests.cli.command_line import CommandLine
from tests.local_cloud import binaries
from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.support.function import REGISTRY


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
    kinds = [(manifest["kind"], manifest["metadata"]["name"]) for manifest in yaml.safe_load_all(printed)]
    assert kinds == [("Role", "another-one"), ("RoleBinding", "another-one")]


def test_json_is_the_same_in_one_list(command_line: CommandLine) -> None:
    command_line.write_settings({"cluster": "one", "namespace": "a"}, {"cluster": "one", "name": "b", "namespace": "b"})

    printed = list(yaml.safe_load_all(command_line.run("rbac").stdout))
    said = json.loads(command_line.run("rbac", "-o", "json").stdout)

    assert said["items"] == printed
    assert len(printed) == 4
    assert len(json.loads(command_line.run("rbac", "-o", "json", "b").stdout)["items"]) == 2


def test_a_pipe_gets_the_roles_of_one_cluster(command_line: CommandLine) -> None:
    """Whatever reads it applies all of it to one."""
    command_line.write_settings({"cluster": "one"}, {"cluster": "two"})

    for arguments in ([], ["-o", "json"], ["one", "two"]):
        done = command_line.run("rbac", *arguments)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert "name the targets of one of them (one, two)" in done.stderr
    assert command_line.run("rbac", "two").returncode == 0
    assert command_line.show("rbac")[0] == 0


def test_edit_policy_needs_no_role_and_shares_none(command_line: CommandLine) -> None:
    edited = {"cluster": "one", "name": "edited", "access": "edit-policy"}
    own = {"credentials": [{"registry": REGISTRY, "secret_name": "theirs"}]}
    command_line.write_settings({"cluster": "one"}, {**edited, **own})

    done = command_line.run("rbac")

    assert done.returncode == 0
    assert "edited has access: edit-policy" in done.stderr
    assert [manifest["kind"] for manifest in yaml.safe_load_all(done.stdout)] == ["Role", "RoleBinding"]
    assert "theirs" not in done.stdout


def test_one_cluster_is_one_however_its_place_is_written(command_line: CommandLine) -> None:
    here = {"region": "us-east-1", "account": "000000000000"}
    own = {"credentials": [{"registry": REGISTRY, "secret_name": "other"}]}
    command_line.write_settings({"cluster": "one"}, {"cluster": "one", "name": "two", **here, **own})

    done = command_line.run("rbac", "one")

    (role, _) = yaml.safe_load_all(done.stdout)
    assert role["rules"][0]["resourceNames"] == ["ecr-auth", "other"]


def test_the_installation_may_be_named(command_line: CommandLine) -> None:
    done = command_line.run("rbac", "--cluster", "one", "--registry", REGISTRY, "--installation", "mine")

    assert {manifest["metadata"]["name"] for manifest in yaml.safe_load_all(done.stdout)} == {"mine"}
