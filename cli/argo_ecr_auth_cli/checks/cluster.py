"""What a cluster's API server tells of the function's rights there, and of what was left behind."""

from collections.abc import Iterator, Mapping
from typing import Any

from argo_ecr_auth.clients.api_client import Connection
from argo_ecr_auth.core.expiry import EXPIRY_KEY
from argo_ecr_auth.core.rbac import make_rbac_manifests
from argo_ecr_auth_cli.checks.access_entry import is_let_in_by_group
from argo_ecr_auth_cli.checks.check_context import CheckContext, Finding
from argo_ecr_auth_cli.checks.managed_objects import get_object, is_fresh, list_managed_objects

_RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces"
_PLURALS = {"Role": "roles", "RoleBinding": "rolebindings"}


def check_cluster(context: CheckContext, connection: Connection) -> Iterator[Finding]:
    """All that the cluster tells. Raises SyncError where something may not be looked at."""
    missing = list(check_namespaces(context, connection))
    yield from missing
    if not missing and context.access != "edit-policy":
        yield from check_roles(context, connection)
    yield from check_leftovers(context, connection)


def check_namespaces(context: CheckContext, connection: Connection) -> Iterator[Finding]:
    """A namespace of a credential."""
    for namespace in context.namespaces:
        if get_object(connection, f"/api/v1/namespaces/{namespace}") is None:
            yield context.found(
                "no-namespace",
                f"there is no namespace {namespace}",
                remedy=f"kubectl create namespace {namespace}, or correct the settings",
            )


def check_roles(context: CheckContext, connection: Connection) -> Iterator[Finding]:
    """The Role or the RoleBinding of a namespace, or a name in it, where it is by them that the function may write."""
    lacking = [
        (wanted, lacks)
        for wanted in make_rbac_manifests(context.target, group=context.group)
        if (lacks := _describe_lack(get_object(connection, _path(wanted)), wanted))
    ]
    if not lacking or (context.entry_by_user and not is_let_in_by_group(context)):
        return
    for wanted, lacks in lacking:
        kind, metadata = wanted["kind"], wanted["metadata"]
        yield context.found(
            "no-role" if kind == "Role" else "no-role-binding",
            f"the {kind} {metadata['namespace']}/{metadata['name']} {lacks}",
            remedy=f"{context.command('rbac')} | kubectl apply -f -",
        )


def check_leftovers(context: CheckContext, connection: Connection) -> Iterator[Finding]:
    """Objects with our label that no credential of the settings names, and that nobody keeps fresh any more."""
    for (namespace, name), config_map in list_managed_objects(connection).items():
        if (namespace, name) not in context.ours and not is_fresh(config_map, now=context.now):
            expiry = (config_map.get("data") or {}).get(EXPIRY_KEY, "unknown")
            yield context.found(
                "leftover",
                f"{namespace}/{name} is no credential of these settings, and nobody renews it "
                f"(its token's expiry: {expiry})",
                remedy=f"if nothing else needs it: kubectl -n {namespace} delete secret,configmap {name}",
            )


def _path(manifest: Mapping[str, Any]) -> str:
    namespace, name = manifest["metadata"]["namespace"], manifest["metadata"]["name"]
    return f"{_RBAC}/{namespace}/{_PLURALS[manifest['kind']]}/{name}"


def _describe_lack(found: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> str | None:
    if found is None:
        return "is missing"
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
    lacking = [right for right in rights if not any(_gives_right(each, *right) for each in found.get("rules") or ())]
    if not lacking:
        return None
    resource, name, verb = lacking[0]
    return f"does not allow to {verb} {resource} {name}"


def _gives_right(rule: Mapping[str, Any], resource: str, name: str, verb: str) -> bool:
    return (
        bool({"", "*"} & set(rule.get("apiGroups") or ()))
        and bool({resource, "*"} & set(rule.get("resources") or ()))
        and bool({verb, "*"} & set(rule.get("verbs") or ()))
        and (not rule.get("resourceNames") or name in rule["resourceNames"])
    )
