"""What doctor says of the function's permissions in a cluster, and of what earlier settings left there."""

import time
from dataclasses import replace

import pytest
import yaml

from tests.cli.command_line import CommandLine, make_command_line
from tests.cli.doctor import create_secret, get_only_finding, give_policy, run_doctor
from tests.cli.operators import OPERATOR_RIGHTS
from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.support.function import GROUP, REGISTRY, Function
from tests.support.objects import Objects


def test_a_missing_namespace(stack: str, command_line: CommandLine, cluster: Cluster) -> None:
    command_line.write_settings({"cluster": "demo", "namespace": "no-such-namespace"})

    found = {finding["finding"]: finding["remedy"] for finding in run_doctor(command_line)[1]}

    assert "kubectl create namespace no-such-namespace" in found["no-namespace"]
    assert "no-role" not in found


def test_a_missing_role_and_role_binding(doctor: CommandLine) -> None:
    found = {finding["finding"]: finding for finding in run_doctor(doctor)[1]}

    assert set(found) == {"no-role"}, "one cause, one row"
    assert "the RoleBinding" in found["no-role"]["message"]
    assert "there is no Secret and no ConfigMap" in found["no-role"]["consequences"][0]
    assert found["no-role"]["remedy"] == "argo-ecr-auth rbac demo | kubectl apply -f -"


def test_a_role_without_a_name_that_the_settings_have_since(
    stack: str, command_line: CommandLine, function: Function, objects: Objects
) -> None:
    function.run()
    credentials = [{"registry": REGISTRY, "secret_name": "another", "verify": "off"}]
    command_line.write_settings({"cluster": "demo", "namespace": objects.namespace, "credentials": credentials})

    found = {finding["finding"]: finding["message"] for finding in run_doctor(command_line)[1]}

    assert "does not allow get on secrets/another" in found["no-role"]


def test_a_role_binding_of_another_group(fresh: CommandLine, objects: Objects) -> None:
    path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{objects.namespace}/rolebindings/{GROUP}"
    binding = objects.admin.request("GET", path)[1]
    binding["subjects"][0]["name"] = "another"
    assert objects.admin.request("PUT", path, binding)[0] == 200

    assert get_only_finding(fresh)["message"].endswith("does not bind the group to the Role")


def test_what_a_removed_credential_left(fresh: CommandLine, objects: Objects) -> None:
    theirs = replace(objects, name="theirs")
    left = objects.require("configmaps")
    kept = {"metadata": {"labels": left["metadata"]["labels"]}, "data": left["data"]}
    theirs.create("configmaps", kept)
    create_secret(objects, "theirs", kind="repository", url=REGISTRY, password="another installation's")

    kept_by_another = run_doctor(fresh)[1]
    theirs.patch("configmaps", {"data": {"expireyTime": "2026-01-01T00:00:00Z"}})
    theirs.delete("secrets")
    found = get_only_finding(fresh)
    theirs.delete("configmaps")

    assert [finding["finding"] for finding in kept_by_another] == ["duplicate"], "a leftover only once nobody renews it"
    assert found["finding"] == "leftover"
    assert f"kubectl -n {objects.namespace} delete secret,configmap theirs" in found["remedy"]


def test_what_a_removed_credential_left_is_known_at_once_as_ours(
    fresh: CommandLine, objects: Objects, role: str, local_cloud: LocalCloud
) -> None:
    """Its token is still valid; that this function requested it is in its source."""
    own = local_cloud.client("iam").get_role(RoleName=role.rpartition("/")[2])["Role"]["RoleId"]
    left = objects.require("configmaps")
    theirs = {name: replace(objects, name=f"theirs-by-{name}") for name in ("us", "another")}
    for name, role_id in (("us", own), ("another", "AROAANOTHER")):
        annotations = {"argo-ecr-auth/token-source": f"{REGISTRY} as the function {role_id}"}
        metadata = {"labels": left["metadata"]["labels"], "annotations": annotations}
        theirs[name].create("configmaps", {"metadata": metadata, "data": left["data"]})

    found = get_only_finding(fresh)
    for left_over in theirs.values():
        left_over.delete("configmaps")

    assert found["finding"] == "leftover"
    assert f"kubectl -n {objects.namespace} delete secret,configmap theirs-by-us" in found["remedy"]


_SEVERAL = [{"registry": REGISTRY, "secret_name": name} for name in ("a", "b", "c")]


def test_a_cluster_that_does_not_answer_is_one_row(doctor: CommandLine, cluster: Cluster, namespace: str) -> None:
    """Nothing else is asked of it: each question would wait as long."""
    doctor.write_settings({"cluster": cluster.name, "namespace": namespace}, credentials=_SEVERAL)
    cluster.freeze()
    try:
        status = doctor.run("status")
        code, found = run_doctor(doctor)
    finally:
        cluster.thaw()

    assert (status.returncode, len(status.stdout.splitlines()), "all 3" in status.stdout) == (3, 2, True)
    assert (code, [finding["finding"] for finding in found]) == (3, ["not-checked"])
    assert "the cluster demo" in found[0]["message"]


@pytest.mark.parametrize("command", ["status", "doctor"])
def test_a_cluster_that_refuses_the_operator_is_one_row_with_what_lets_them_in(
    command: str, doctor: CommandLine, cluster: Cluster, namespace: str, local_cloud: LocalCloud
) -> None:
    stranger = local_cloud.create_role(f"stranger-to-{command}", allow=OPERATOR_RIGHTS)
    doctor.write_settings({"cluster": cluster.name, "namespace": namespace}, credentials=_SEVERAL)
    place = f"--cluster-name demo --region us-east-1 --principal-arn {stranger}"
    policy = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSAdminViewPolicy"

    done = make_command_line(local_cloud, stranger, directory=doctor.directory).run(command, COLUMNS="400")

    shown = " ".join(done.stdout.split())
    assert done.returncode == 3
    assert (shown.count("401 to your identity"), shown.count("create-access-entry")) == (1, 1)
    assert f"aws eks create-access-entry {place} && aws eks associate-access-policy {place}" in shown
    assert f"--policy-arn {policy} --access-scope type=cluster" in shown


def test_these_commands_let_the_operator_in(fresh: CommandLine, cluster: Cluster, local_cloud: LocalCloud) -> None:
    """Run as boto3 calls of the same parameters: the AWS CLI is not on every machine."""
    stranger = local_cloud.create_role("stranger-let-in", allow=OPERATOR_RIGHTS)
    eks = local_cloud.client("eks")
    eks.create_access_entry(clusterName="demo", principalArn=stranger)
    give_policy(eks, stranger, "AmazonEKSAdminViewPolicy", {"type": "cluster"})
    command_line = make_command_line(local_cloud, stranger, directory=fresh.directory)

    deadline = time.monotonic() + 30
    while (done := command_line.run("status")).returncode and time.monotonic() < deadline:
        time.sleep(0.5)  # the emulator writes the policy as RBAC into the cluster

    assert done.returncode == 0, done.stdout
    assert "fresh" in done.stdout


@pytest.mark.parametrize("command", ["status", "doctor"])
def test_a_context_of_the_kubeconfig_leads_into_a_cluster_that_refuses_the_identity(
    command: str, fresh: CommandLine, cluster: Cluster, local_cloud: LocalCloud
) -> None:
    stranger = local_cloud.create_role(f"stranger-with-kubeconfig-{command}", allow=OPERATOR_RIGHTS)
    command_line = make_command_line(local_cloud, stranger, directory=fresh.directory)
    context = yaml.safe_load(cluster.kubeconfig.read_text())["current-context"]

    by_file = command_line.run(command, "--kubeconfig", str(cluster.kubeconfig))
    by_context = command_line.run(command, "--context", context, KUBECONFIG=str(cluster.kubeconfig))
    by_other = command_line.run(command, "--context", "other", KUBECONFIG=str(cluster.kubeconfig))

    assert "401" not in by_file.stdout + by_context.stdout
    assert by_file.stdout == by_context.stdout
    assert {"status": "fresh", "doctor": "✓ its API server lets you in"}[command] in by_file.stdout
    assert by_other.returncode == 3
    assert "cannot reach the cluster" in by_other.stderr


@pytest.mark.parametrize("command", ["status", "doctor"])
def test_a_context_is_for_the_targets_of_one_cluster(command: str, stack: str, command_line: CommandLine) -> None:
    command_line.write_settings({"cluster": "demo"}, {"cluster": "one"})

    done = command_line.run(command, "--context", "any")

    assert (done.returncode, done.stdout) == (2, "")
    assert "a context leads to one cluster, and these targets are in 2 (demo, one)" in done.stderr
