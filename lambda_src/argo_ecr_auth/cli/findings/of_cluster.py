"""What a cluster's API server tells of the function's rights there, and of what was left behind."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from argo_ecr_auth.cli.findings.case import Case, Finding
from argo_ecr_auth.cluster import Connection, call
from argo_ecr_auth.errors import SyncError
from argo_ecr_auth.manifests import EXPIRY_KEY
from argo_ecr_auth.rbac import rbac_manifests

_RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces"
_PLURALS = {"Role": "roles", "RoleBinding": "rolebindings"}


def of_cluster(case: Case, connection: Connection) -> Iterator[Finding]:
    """All that the cluster tells. Raises SyncError where something may not be looked at."""
    missing = list(missing_namespaces(case, connection))
    yield from missing
    if not missing and not case.edit_policy:
        yield from missing_roles(case, connection)
    yield from leftovers(case, connection)


def missing_namespaces(case: Case, connection: Connection) -> Iterator[Finding]:
    """A namespace of a credential."""
    for namespace in sorted({credential.namespace for credential in case.target.credentials}):
        if look(connection, f"/api/v1/namespaces/{namespace}") is None:
            yield case.found(
                "no-namespace",
                f"there is no namespace {namespace}",
                remedy=f"kubectl create namespace {namespace}, or correct the settings",
            )


def missing_roles(case: Case, connection: Connection) -> Iterator[Finding]:
    """The Role or the RoleBinding of a namespace, or a name in it."""
    for wanted in rbac_manifests(case.target, group=case.group):
        kind, namespace, name = wanted["kind"], wanted["metadata"]["namespace"], wanted["metadata"]["name"]
        found = look(connection, f"{_RBAC}/{namespace}/{_PLURALS[kind]}/{name}")
        lacks = "is missing" if found is None else _lacks(found, wanted)
        if lacks:
            yield case.found(
                "no-role" if kind == "Role" else "no-role-binding",
                f"the {kind} {namespace}/{name} {lacks}",
                remedy=f"argo-ecr-auth rbac {case.target.name} | kubectl apply -f -",
            )


def leftovers(case: Case, connection: Connection) -> Iterator[Finding]:
    """Objects with our label that no credential of the settings names any more."""
    found = look(connection, "/api/v1/configmaps?labelSelector=argo-ecr-auth%3Dmanaged-resource") or {}
    for config_map in found.get("items", ()):
        namespace, name = config_map["metadata"]["namespace"], config_map["metadata"]["name"]
        if (namespace, name) not in case.ours:
            expiry = (config_map.get("data") or {}).get(EXPIRY_KEY, "unknown")
            yield case.found(
                "leftover",
                f"{namespace}/{name} is no credential of these settings (its token's expiry: {expiry})",
                remedy=f"unless another installation keeps it: kubectl -n {namespace} delete secret,configmap {name}",
            )


def look(connection: Connection, path: str) -> Mapping[str, Any] | None:
    """The object or the list; None where there is none. Raises SyncError."""
    status, body = call(connection, "GET", path)
    if status == HTTPStatus.NOT_FOUND:
        return None
    if status != HTTPStatus.OK:
        raise SyncError(f"{connection.cluster}'s API server answers {status} to {connection.caller} for {path}")
    return body


def _lacks(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> str | None:
    if wanted["kind"] == "RoleBinding":
        (group,) = wanted["subjects"]
        bound = any(
            (subject.get("kind"), subject.get("name")) == (group["kind"], group["name"])
            for subject in found.get("subjects") or ()
        )
        return None if bound and found.get("roleRef") == wanted["roleRef"] else "does not bind the group to the Role"
    (rule,) = wanted["rules"]
    rights = [
        (resource, name, verb)
        for resource in rule["resources"]
        for name in rule["resourceNames"]
        for verb in rule["verbs"]
    ]
    lacking = [right for right in rights if not any(_gives(each, *right) for each in found.get("rules") or ())]
    if not lacking:
        return None
    resource, name, verb = lacking[0]
    return f"does not allow to {verb} {resource} {name}"


def _gives(rule: Mapping[str, Any], resource: str, name: str, verb: str) -> bool:
    return (
        bool({"", "*"} & set(rule.get("apiGroups") or ()))
        and bool({resource, "*"} & set(rule.get("resources") or ()))
        and bool({verb, "*"} & set(rule.get("verbs") or ()))
        and (not rule.get("resourceNames") or name in rule["resourceNames"])
    )
