"""Adds `AWS::EKS::AccessEntry` to ministack's CloudFormation."""

import json
from typing import Any

from ministack.services import eks
from ministack.services.cloudformation import provisioners

Properties = dict[str, Any]


def install() -> None:
    provisioners._RESOURCE_HANDLERS["AWS::EKS::AccessEntry"] = {  # noqa: SLF001
        "create": _create,
        "update": _update,
        "delete": _delete,
    }


def _create(_logical_id: str, properties: Properties, _stack: str) -> tuple[str, dict[str, str]]:
    cluster, principal = properties["ClusterName"], properties["PrincipalArn"]
    body = {
        "principalArn": principal,
        "type": properties.get("Type", "STANDARD"),
        "kubernetesGroups": properties.get("KubernetesGroups", []),
        "username": properties.get("Username", ""),
        "tags": {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])},
    }
    entry = _read_answer(eks._create_access_entry(cluster, body))["accessEntry"]  # noqa: SLF001
    _associate(cluster, principal, properties)
    return f"{principal}|{cluster}", {"AccessEntryArn": entry["accessEntryArn"]}


def _update(physical_id: str, old: Properties, new: Properties, stack: str) -> tuple[str, dict[str, str]]:
    if any(old.get(key) != new.get(key) for key in ("ClusterName", "PrincipalArn", "Type")):
        created = _create("", new, stack)
        _delete(physical_id, old)
        return created
    cluster, principal = new["ClusterName"], new["PrincipalArn"]
    body = {"kubernetesGroups": new.get("KubernetesGroups", []), "username": new.get("Username", "")}
    entry = _read_answer(eks._update_access_entry(cluster, principal, body))["accessEntry"]  # noqa: SLF001
    kept = {policy["PolicyArn"] for policy in new.get("AccessPolicies", [])}
    for policy in old.get("AccessPolicies", []):
        if policy["PolicyArn"] not in kept:
            eks._disassociate_access_policy(cluster, principal, policy["PolicyArn"])  # noqa: SLF001
    _associate(cluster, principal, new)
    return physical_id, {"AccessEntryArn": entry["accessEntryArn"]}


def _delete(_physical_id: str, properties: Properties) -> None:
    eks._delete_access_entry(properties["ClusterName"], properties["PrincipalArn"])  # noqa: SLF001


def _associate(cluster: str, principal: str, properties: Properties) -> None:
    for policy in properties.get("AccessPolicies", []):
        scope = policy["AccessScope"]
        body = {
            "policyArn": policy["PolicyArn"],
            "accessScope": {"type": scope["Type"], "namespaces": scope.get("Namespaces", [])},
        }
        _read_answer(eks._associate_access_policy(cluster, principal, body))  # noqa: SLF001


def _read_answer(response: tuple[int, dict[str, str], bytes]) -> dict[str, Any]:
    status, _, content = response
    answer: dict[str, Any] = json.loads(content)
    if status >= 400:
        raise ValueError(answer.get("message") or answer)
    return answer
