"""The Role and RoleBinding that let the function's Kubernetes group write its objects, as dicts."""

from collections import defaultdict
from typing import Any

from argo_ecr_auth.targets import Target


def rbac_manifests(target: Target, *, group: str) -> list[dict[str, Any]]:
    """One Role and one RoleBinding per namespace, both named after the group.

    By name even for the creation: a server-side apply of an object that is missing is authorised as `patch`, then as
    `create` with its name (kube-apiserver, handlers/patch.go). No `list`, for that could not be limited to names.
    """
    names_by_namespace: dict[str, set[str]] = defaultdict(set)
    for credential in target.credentials:
        names_by_namespace[credential.namespace].add(credential.secret_name)
    return [
        manifest
        for namespace, names in sorted(names_by_namespace.items())
        for manifest in (_role(group, namespace, sorted(names)), _role_binding(group, namespace))
    ]


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
