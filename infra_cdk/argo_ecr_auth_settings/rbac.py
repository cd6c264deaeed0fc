"""The Role and RoleBinding that let the function's Kubernetes group write its objects, as dicts."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from argo_ecr_auth.core.targets import Target


def make_rbac_manifests(target: Target, *, group: str, targets: Iterable[Target] = ()) -> list[dict[str, Any]]:
    """One Role and one RoleBinding per namespace of the target's credentials, both named after the group.

    `targets` are all targets of the installation. Targets of one cluster share its Roles: these have the same name, and
    the last manifest that is applied wins.

    The Role names its objects even for `create`: a server-side apply of a missing object is authorized as `patch`, then
    as `create` with its name (kube-apiserver, handlers/patch.go). There is no `list`, which cannot be limited to names.
    """
    names_by_namespace: dict[str, set[str]] = defaultdict(set)
    for neighbor in (target, *(other for other in targets if _cluster(other) == _cluster(target))):
        for credential in neighbor.credentials:
            names_by_namespace[credential.namespace].add(credential.secret_name)
    own = {credential.namespace for credential in target.credentials}
    return [
        manifest
        for namespace, names in sorted(names_by_namespace.items())
        if namespace in own
        for manifest in (_role(group, namespace, sorted(names)), _role_binding(group, namespace))
    ]


def _cluster(target: Target) -> tuple[str | None, str, str]:
    return target.account, target.region, target.cluster


def _role(group: str, namespace: str, names: list[str]) -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"namespace": namespace, "name": group},
        "rules": [
            {
                "apiGroups": [""],
                "resources": ["secrets", "configmaps"],
                "resourceNames": names,
                "verbs": ["get", "create", "patch"],
            }
        ],
    }


def _role_binding(group: str, namespace: str) -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"namespace": namespace, "name": group},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group}],
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": group},
    }
