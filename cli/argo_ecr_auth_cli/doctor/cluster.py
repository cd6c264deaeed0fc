"""Checks in a cluster: the function's permissions, and what earlier settings left behind."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from argo_ecr_auth.api_server.server import ApiServer
from argo_ecr_auth.core.manifests import SOURCE_ANNOTATION
from argo_ecr_auth.core.observed import get_metadata
from argo_ecr_auth.core.timestamps import EXPIRY_KEY
from argo_ecr_auth.deadlines import time_limit
from argo_ecr_auth_cli.doctor.access_entry import is_let_in_by_group
from argo_ecr_auth_cli.doctor.check_context import CheckContext, Finding, check
from argo_ecr_auth_cli.doctor.managed_objects import get_object, is_fresh, list_managed_objects
from argo_ecr_auth_settings.rbac import make_rbac_manifests

_RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces"
_SECONDS_TO_ANSWER = 5
_PLURALS = {"Role": "roles", "RoleBinding": "rolebindings"}


@check("cluster", "its API server lets you in")
def check_answer(context: CheckContext) -> Iterator[Finding]:
    """Why nothing else is asked of the API server."""
    with time_limit(_SECONDS_TO_ANSWER):
        server = context.shared.servers.to(context.target)
        status, _ = server.request("/api")
    if status == HTTPStatus.UNAUTHORIZED:
        who = context.shared.identity
        commands = who.format_access_commands(server.target)
        remedy = f"{commands}; or pass --context NAME, to look with your kubeconfig" if commands else "renew its token"
        message = (
            f"{server.target.cluster}'s API server returned 401 to {who.name}: it has no access entry in the cluster"
        )
        yield context.report_not_checked("the cluster", message, remedy=remedy)


@check("cluster", "the credentials' namespaces exist")
def check_namespaces(context: CheckContext, server: ApiServer) -> Iterator[Finding]:
    """The namespaces of the credentials that are missing."""
    for namespace in context.namespaces:
        if get_object(server, f"/api/v1/namespaces/{namespace}") is None:
            yield context.report(
                "no-namespace",
                f"there is no namespace {namespace}",
                remedy=f"kubectl create namespace {namespace}, or correct the settings",
                namespace=namespace,
            )


@check("cluster", "the function has its Roles and RoleBindings")
def check_roles(context: CheckContext, server: ApiServer, *, namespaces: set[str]) -> Iterator[Finding]:
    """The Role or the RoleBinding of a namespace that is missing or incomplete, if the function needs them."""
    if context.access == "edit-policy":
        return
    lacking = {
        (manifest["metadata"]["namespace"], manifest["kind"]): f"{_format_name(manifest)} {lack}"
        for manifest in make_rbac_manifests(context.target, group=context.group)
        if manifest["metadata"]["namespace"] in namespaces
        and (lack := _describe_lack(get_object(server, _format_path(manifest)), manifest))
    }
    if not lacking or (context.user_manages_access and not is_let_in_by_group(context)):
        return
    for namespace in sorted(namespaces):
        role, binding = (lacking.get((namespace, kind)) for kind in ("Role", "RoleBinding"))
        if role or binding:
            yield context.report(
                "no-role" if role else "no-role-binding",
                "; ".join(filter(None, (role, binding))),
                remedy=f"{context.format_command('rbac')} | kubectl apply -f -",
                namespace=namespace,
            )


@check("cluster", "nothing is left of earlier settings")
def check_leftovers(context: CheckContext, server: ApiServer) -> Iterator[Finding]:
    """Objects with our label that no credential of the settings names, and that no other installation renews.

    The function's own are known by its role's id in their token-source, others only once their token has expired.
    """
    for (namespace, name), config_map in list_managed_objects(context, server).items():
        if (namespace, name) in context.ours:
            continue
        remedy = f"if nothing else needs it: kubectl -n {namespace} delete secret,configmap {name}"
        what = f"{namespace}/{name} is not a credential of these settings"
        source = get_metadata(config_map, "annotations").get(SOURCE_ANNOTATION, "")
        if context.shared.function_role_id and source.endswith(f" as the function {context.shared.function_role_id}"):
            yield context.report("leftover", f"{what}; this function wrote it and no longer renews it", remedy=remedy)
        elif not is_fresh(config_map, now=context.shared.now):
            expiry = (config_map.get("data") or {}).get(EXPIRY_KEY, "unknown")
            yield context.report(
                "leftover", f"{what}, and nobody renews it (its token's expiry: {expiry})", remedy=remedy
            )


def _format_name(manifest: Mapping[str, Any]) -> str:
    return f"the {manifest['kind']} {manifest['metadata']['namespace']}/{manifest['metadata']['name']}"


def _format_path(manifest: Mapping[str, Any]) -> str:
    namespace, name = manifest["metadata"]["namespace"], manifest["metadata"]["name"]
    return f"{_RBAC}/{namespace}/{_PLURALS[manifest['kind']]}/{name}"


def _describe_lack(found: Mapping[str, Any] | None, desired: Mapping[str, Any]) -> str | None:
    if found is None:
        return "is missing"
    if desired["kind"] == "RoleBinding":
        (group,) = desired["subjects"]
        bound = any(
            (subject.get("kind"), subject.get("name")) == (group["kind"], group["name"])
            for subject in found.get("subjects") or ()
        )
        return None if bound and found.get("roleRef") == desired["roleRef"] else "does not bind the group to the Role"
    (rule,) = desired["rules"]
    permissions = [
        (resource, name, verb)
        for resource in rule["resources"]
        for name in rule["resourceNames"]
        for verb in rule["verbs"]
    ]
    lacking = [
        permission
        for permission in permissions
        if not any(_gives_permission(given, *permission) for given in found.get("rules") or ())
    ]
    if not lacking:
        return None
    resource, name, verb = lacking[0]
    return f"does not allow {verb} on {resource}/{name}"


def _gives_permission(rule: Mapping[str, Any], resource: str, name: str, verb: str) -> bool:
    return (
        bool({"", "*"} & set(rule.get("apiGroups") or ()))
        and bool({resource, "*"} & set(rule.get("resources") or ()))
        and bool({verb, "*"} & set(rule.get("verbs") or ()))
        and (not rule.get("resourceNames") or name in rule["resourceNames"])
    )
