"""What doctor says of the function's access entry."""

from datetime import timedelta

from tests.cli.command_line import CommandLine
from tests.cli.doctor import get_only_finding, give_policy, run_doctor
from tests.cli.stacks import write_log
from tests.local_cloud.cloud import LocalCloud
from tests.support.function import GROUP, Function
from tests.support.objects import Objects


def test_a_missing_access_entry_and_its_group(fresh: CommandLine, local_cloud: LocalCloud) -> None:
    other = local_cloud.create_role("redeployed")

    none = get_only_finding(fresh, "--function-role", other)
    local_cloud.client("eks").create_access_entry(clusterName="demo", principalArn=other, kubernetesGroups=["else"])
    no_group = get_only_finding(fresh, "--function-role", other)

    assert (none["finding"], no_group["finding"]) == ("no-access-entry", "no-group")
    assert f"create-access-entry --cluster-name demo --region us-east-1 --principal-arn {other}" in none["remedy"]
    assert "update-access-entry" in no_group["remedy"]
    assert no_group["remedy"].endswith(f"--kubernetes-groups else {GROUP}"), "an update replaces all of them"


def test_an_entry_for_edit_policy_needs_the_policy(
    stack: str, command_line: CommandLine, function: Function, objects: Objects, local_cloud: LocalCloud
) -> None:
    """The group alone gives nothing: nobody applies a Role for it."""
    function.run()
    other = local_cloud.create_role("editor-to-be")
    eks = local_cloud.client("eks")
    place = f"--cluster-name demo --region us-east-1 --principal-arn {other}"
    associate = (
        f"aws eks associate-access-policy {place} "
        "--policy-arn arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy --access-scope "
    )
    command_line.write_settings({"cluster": "demo", "namespace": objects.namespace}, access="edit-policy")

    none = get_only_finding(command_line, "--function-role", other)
    eks.create_access_entry(clusterName="demo", principalArn=other, kubernetesGroups=[GROUP])
    no_policy = get_only_finding(command_line, "--function-role", other)
    give_policy(eks, other, "AmazonEKSEditPolicy", {"type": "namespace", "namespaces": ["elsewhere"]})
    too_narrow = get_only_finding(command_line, "--function-role", other)
    both = {"type": "namespace", "namespaces": ["elsewhere", objects.namespace]}
    give_policy(eks, other, "AmazonEKSEditPolicy", both)
    with_policy = run_doctor(command_line, "--function-role", other)[1]

    namespaces = f"'type=namespace,namespaces={objects.namespace}'"
    assert none["remedy"].startswith(f"aws eks create-access-entry {place} && {associate}{namespaces}; ")
    assert "deploying does not restore an entry" in none["remedy"]
    assert (no_policy["finding"], no_policy["remedy"]) == ("no-policy", f"{associate}{namespaces}")
    assert too_narrow["remedy"].endswith(f"namespaces=elsewhere,{objects.namespace}'")
    assert with_policy == []


def test_access_that_the_user_makes_is_not_ours_to_judge(
    stack: str, command_line: CommandLine, odd_clusters: None, namespace: str, local_cloud: LocalCloud
) -> None:
    """In aws-auth, or with a policy of the user's own choice."""
    admin = local_cloud.create_role("admin-of-the-user")
    eks = local_cloud.client("eks")
    eks.create_access_entry(clusterName="demo", principalArn=admin)
    give_policy(eks, admin, "AmazonEKSClusterAdminPolicy", {"type": "cluster"})

    command_line.write_settings({"cluster": "old-mode"}, access="none")
    by_config_map = {finding["finding"] for finding in run_doctor(command_line)[1]}
    command_line.write_settings({"cluster": "demo", "namespace": namespace}, access="none")
    by_policy = {finding["finding"] for finding in run_doctor(command_line, "--function-role", admin)[1]}

    assert "authentication-mode" not in by_config_map
    assert "no-access-entry" not in by_config_map
    assert by_policy == {"not-kept-fresh"}


def test_an_entry_that_does_not_let_the_function_in_is_of_an_earlier_role(
    fresh: CommandLine, objects: Objects, role: str, local_cloud: LocalCloud
) -> None:
    """It has the role's name, but lets in only the role that had it before. The remedy can be copied as it is."""
    refused = {"action": "failed", "error": "demo's API server returned 401", "error_type": "UnauthorizedError"}
    admitted = run_doctor(fresh)[1]
    write_log(local_cloud, GROUP, objects, (timedelta(minutes=1), refused))

    found = get_only_finding(fresh)
    fresh.write_settings({"cluster": "demo", "namespace": objects.namespace}, access="edit-policy")
    edited = {finding["finding"]: finding["remedy"] for finding in run_doctor(fresh)[1]}

    assert admitted == []
    assert found["finding"] == "stale-access-entry"
    place = f"--cluster-name demo --region us-east-1 --principal-arn {role}"
    again = f"aws eks delete-access-entry {place} && aws eks create-access-entry {place}"
    apply = "argo-ecr-auth rbac demo | kubectl apply -f -"
    assert found["remedy"] == f"{again} --kubernetes-groups {GROUP} && {apply}"
    assert "returned 401" in found["consequences"][0]
    assert edited["stale-access-entry"].startswith(f"{again} && aws eks associate-access-policy ")
    assert "rbac" not in edited["stale-access-entry"], "edit-policy needs no Role"


def test_an_entry_that_is_wider_than_the_settings(
    fresh: CommandLine, objects: Objects, local_cloud: LocalCloud
) -> None:
    """As an earlier `access: edit-policy` leaves it."""
    role = local_cloud.create_role("once-an-editor")
    eks = local_cloud.client("eks")
    eks.create_access_entry(clusterName="demo", principalArn=role, kubernetesGroups=[GROUP])
    before = run_doctor(fresh, "--function-role", role)[1]
    give_policy(eks, role, "AmazonEKSEditPolicy", {"type": "namespace", "namespaces": [objects.namespace]})

    found = get_only_finding(fresh, "--function-role", role)

    assert before == []
    assert (found["finding"], "access: least-privilege" in found["message"]) == ("wide-access", True)
    assert found["remedy"].startswith("aws eks disassociate-access-policy --cluster-name demo")


def test_an_entry_of_another_installation_of_the_same_name(fresh: CommandLine, local_cloud: LocalCloud) -> None:
    """Of another account or region: its group and its Secrets have the same names, whoever wrote last."""
    eks = local_cloud.client("eks")
    entries = {name: local_cloud.create_role(f"{name}-function-0123456789ab") for name in (GROUP, "second")}
    for name, role in entries.items():
        eks.create_access_entry(clusterName="demo", principalArn=role, kubernetesGroups=[name])
    try:
        found = get_only_finding(fresh)
    finally:
        for role in entries.values():
            eks.delete_access_entry(clusterName="demo", principalArn=role)

    place = f"--cluster-name demo --region us-east-1 --principal-arn {entries[GROUP]}"
    assert (found["finding"], entries[GROUP] in found["message"]) == ("other-installation", True)
    assert found["remedy"].endswith(f"aws eks delete-access-entry {place}")
    assert run_doctor(fresh)[1] == []
