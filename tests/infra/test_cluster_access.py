"""The access entries: which role has access to which cluster, with which group or policy."""

from aws_cdk.assertions import Template

from tests.infra.synthesis import REGISTRY, find_all, find_only, make_content, make_template

_ROLE = "arn:aws:iam::333333333333:role/made-by-hand"


def test_the_entry_gives_the_functions_role_the_group_and_nothing_else(minimal: Template) -> None:
    (role,) = (
        name
        for name, role in minimal.find_resources("AWS::IAM::Role").items()
        if "lambda" in str(role["Properties"]["AssumeRolePolicyDocument"])
    )
    assert find_only(minimal, "AWS::EKS::AccessEntry") == {
        "ClusterName": "demo",
        "Type": "STANDARD",
        "PrincipalArn": {"Fn::GetAtt": [role, "Arn"]},
        "KubernetesGroups": ["argo-ecr-auth"],
    }


def test_the_entry_comes_after_the_function_because_eks_refuses_a_role_that_iam_has_not_propagated(
    minimal: Template,
) -> None:
    # IAM takes seconds to propagate a role. The role's policy and the function, which needs the role, take longer.
    (entry,) = minimal.find_resources("AWS::EKS::AccessEntry").values()
    (function,) = minimal.find_resources("AWS::Lambda::Function")
    assert function in entry["DependsOn"]


def test_a_cluster_has_one_entry_whatever_the_number_of_its_targets_and_namespaces() -> None:
    credentials = [{"registry": REGISTRY, "namespace": name} for name in ("argocd", "team-a")]
    targets = [{"cluster": "demo", "credentials": credentials}]
    targets.append({"cluster": "demo", "name": "demo-2", "credentials": [{"registry": REGISTRY, "secret_name": "two"}]})
    assert len(find_all(make_template(make_content(targets=targets)), "AWS::EKS::AccessEntry")) == 1


def test_the_edit_policy_is_scoped_to_the_namespaces_and_needs_no_group() -> None:
    credentials = [{"registry": REGISTRY, "namespace": name} for name in ("team-a", "argocd")]
    entry = find_only(
        make_template(make_content(credentials=credentials, access="edit-policy")), "AWS::EKS::AccessEntry"
    )
    assert "KubernetesGroups" not in entry
    (policy,) = entry["AccessPolicies"]
    assert policy["AccessScope"] == {"Type": "namespace", "Namespaces": ["argocd", "team-a"]}
    assert policy["PolicyArn"] == "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy"


def test_a_target_with_access_none_or_role_arn_has_no_entry() -> None:
    targets = [{"cluster": "demo"}, {"cluster": "by-hand", "access": "none"}, {"cluster": "theirs", "role_arn": _ROLE}]
    assert find_only(make_template(make_content(targets=targets)), "AWS::EKS::AccessEntry")["ClusterName"] == "demo"
