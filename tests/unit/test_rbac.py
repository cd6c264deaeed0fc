"""The Role and RoleBinding of a target."""

from dataclasses import replace

from argo_ecr_auth.core.targets import Target
from argo_ecr_auth_settings.rbac import make_rbac_manifests
from tests.unit.builders import credential, target


def _target(*secrets: tuple[str, str]) -> Target:
    credentials = tuple(credential(namespace=namespace, secret_name=name) for namespace, name in secrets)
    return replace(target(), credentials=credentials)


def test_the_role_names_the_objects_and_what_a_run_does_with_them() -> None:
    role, _ = make_rbac_manifests(_target(("argocd", "two"), ("argocd", "one")), group="the-group")
    assert role["metadata"] == {"namespace": "argocd", "name": "the-group"}
    assert role["rules"] == [
        {
            "apiGroups": [""],
            "resources": ["secrets", "configmaps"],
            "resourceNames": ["one", "two"],
            "verbs": ["get", "create", "patch"],
        }
    ]


def test_the_binding_gives_the_group_that_role() -> None:
    role, binding = make_rbac_manifests(_target(("argocd", "one")), group="the-group")
    assert binding["metadata"] == role["metadata"]
    assert binding["subjects"] == [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "the-group"}]
    assert binding["roleRef"] == {
        "apiGroup": "rbac.authorization.k8s.io",
        "kind": "Role",
        "name": role["metadata"]["name"],
    }


def test_each_namespace_has_a_pair_of_its_own() -> None:
    manifests = make_rbac_manifests(_target(("b", "one"), ("a", "one"), ("b", "two")), group="the-group")
    places = [(manifest["kind"], manifest["metadata"]["namespace"]) for manifest in manifests]
    assert places == [("Role", "a"), ("RoleBinding", "a"), ("Role", "b"), ("RoleBinding", "b")]


def test_targets_of_one_cluster_share_the_role_of_a_namespace() -> None:
    first, second = _target(("argocd", "one")), _target(("argocd", "two"), ("elsewhere", "three"))
    elsewhere = replace(_target(("argocd", "four")), cluster="other")

    role, *_ = make_rbac_manifests(first, group="the-group", targets=[first, second, elsewhere])

    assert role["rules"][0]["resourceNames"] == ["one", "two"]


def test_a_target_brings_no_role_of_anothers_namespace() -> None:
    first, second = _target(("argocd", "one")), _target(("elsewhere", "two"))
    manifests = make_rbac_manifests(first, group="the-group", targets=[first, second])
    assert {manifest["metadata"]["namespace"] for manifest in manifests} == {"argocd"}
