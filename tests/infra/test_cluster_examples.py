"""The template and the Terraform module of docs/examples/cluster make what the synth makes."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import hcl2
import yaml
from aws_cdk.assertions import Template

from argo_ecr_auth_settings.rbac import make_rbac_manifests
from argo_ecr_auth_settings.resolve import resolve_targets
from argo_ecr_auth_settings.validation import validate_settings
from tests.infra.synthesis import REGION, REGISTRY, find_only, make_content

_EXAMPLES = Path(__file__).parents[2] / "docs" / "examples" / "cluster"
_ROLE = "arn:aws:iam::111111111111:role/argo-ecr-auth-function"


def _find_entry(template: Template) -> dict[str, Any]:
    return find_only(template, "AWS::EKS::AccessEntry") | {"PrincipalArn": _ROLE}


def test_the_template_makes_the_entry_of_the_synth(minimal: Template) -> None:
    values = {"Cluster": "demo", "FunctionRole": _ROLE, "Installation": "argo-ecr-auth"}

    class Loader(yaml.SafeLoader):
        """Resolves references to parameters."""

    Loader.add_constructor("!Ref", lambda _, node: values[node.value])
    template = yaml.load((_EXAMPLES / "access-entry.yaml").read_text(), Loader)  # noqa: S506 - a SafeLoader
    parameters = template["Parameters"]
    defaults = {name: parameter["Default"] for name, parameter in parameters.items() if "Default" in parameter}

    assert set(parameters) == set(values)
    assert defaults == {"Installation": "argo-ecr-auth"}
    assert template["Resources"]["Entry"] == {"Type": "AWS::EKS::AccessEntry", "Properties": _find_entry(minimal)}


def test_the_terraform_module_makes_the_entry_of_the_synth(minimal: Template) -> None:
    values = {"var.cluster": "demo", "var.function_role": _ROLE, "var.installation": "argo-ecr-auth"}
    entry = _read_module(values)["aws_eks_access_entry"]
    assert {key.title().replace("_", ""): value for key, value in entry.items()} == _find_entry(minimal)


def test_the_terraform_module_makes_the_manifests_of_the_synth() -> None:
    credentials = [
        {"registry": REGISTRY, "secret_name": "one"},
        {"registry": REGISTRY, "secret_name": "two"},
        {"registry": REGISTRY, "namespace": "teams"},
    ]
    settings = validate_settings(make_content(credentials=credentials))
    (target,) = resolve_targets(settings, region=REGION)
    secrets = {"argocd": ["one", "two"], "teams": ["ecr-auth"]}
    made = []
    for namespace, names in secrets.items():
        values = {"each.key": namespace, "each.value": names, "var.secrets": secrets, "var.installation": "second"}
        resources = _read_module(values)
        for kind, resource in (("Role", "kubernetes_role_v1"), ("RoleBinding", "kubernetes_role_binding_v1")):
            body = resources[resource]
            assert body.pop("for_each") == secrets
            made.append(_make_manifest(kind, body))

    assert made == make_rbac_manifests(target, group="second")


def _read_module(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The module's resources by type, with the values of its expressions."""
    blocks = hcl2.loads((_EXAMPLES / "terraform" / "main.tf").read_text())["resource"]
    return {
        json.loads(kind): _resolve(body, values)
        for block in blocks
        for kind, by_name in block.items()
        for body in by_name.values()
    }


def _resolve(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, Mapping):
        return {key: _resolve(item, values) for key, item in value.items() if key != "__is_block__"}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_resolve(item, values) for item in value]
    return values.get(value[2:-1]) if value.startswith("${") else json.loads(value)


def _make_manifest(kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """What the provider's resource of this kind sends to the API server."""
    (metadata,) = body["metadata"]
    if kind == "Role":
        parts: dict[str, Any] = {"rules": [_name_keys(rule) for rule in body["rule"]]}
    else:
        (reference,) = body["role_ref"]
        parts = {"subjects": [_name_keys(subject) for subject in body["subject"]], "roleRef": _name_keys(reference)}
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata, **parts}


def _name_keys(block: Mapping[str, Any]) -> dict[str, Any]:
    """Kubernetes' own names of the keys: api_groups is apiGroups."""
    return {
        first + "".join(map(str.title, rest)): value
        for key, value in block.items()
        for first, *rest in [key.split("_")]
    }
