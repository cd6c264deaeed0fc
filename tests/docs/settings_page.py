"""Writes docs/settings.md from the types of the settings."""

from pathlib import Path
from typing import Any

import msgspec

from argo_ecr_auth_settings.schema import make_json_schema

TOP = Path(__file__).parents[2]
_SECTIONS = (
    ("The file as a whole", "Settings", ""),
    ("A credential: `credentials[]`, `targets[].credentials[]`", "CredentialSettings", "credentials"),
    ("A target: `targets[]`", "TargetSettings", "targets"),
    ("A profile: `profiles.NAME`", "ProfileSettings", "profiles"),
    ("Which clusters may have it: `profiles.NAME.allowed`", "AllowedClusters", "profiles"),
    ("The VPC: `vpc`", "VpcSettings", "vpc"),
)
# Defaults that the code computes, where the types only say null.
_DEFAULTS = {
    ("credentials", "namespace"): "the target's",
    ("credentials", "repositories"): "all of the registry",
    ("credentials", "type"): "`helm`",
    ("credentials", "url"): "the host",
    ("credentials", "verify_repository"): "the first of `repositories` that is no pattern",
    ("targets", "access"): "the general one",
    ("targets", "account"): "the stack's",
    ("targets", "certificate_authority"): "from EKS",
    ("targets", "credentials"): "the general ones",
    ("targets", "endpoint"): "from EKS",
    ("targets", "name"): "the cluster's",
    ("targets", "region"): "the stack's",
    ("vpc", "security_groups"): "one is created",
}
_HEAD = """<!-- Written by `make docs` from the types. -->
# Settings

`settings.yaml` next to `cdk.json`, or another file with `-c settings=FILE`. `settings.example.yaml` has every key, with an
example. `-c check_every=`, `-c architecture=` and `-c installation=` override the file. Durations are as in Kubernetes
(`2m`, `6h`, `1h30m`).

A YAML editor completes and explains the keys with `settings.schema.json`, which the first line of the example
names. `argo-ecr-auth settings init --cluster NAME --registry HOST` writes a first file, and `argo-ecr-auth settings check`
prints every fault with its line and column, without AWS or CDK. It and the synth also warn about a credential whose token
Argo CD would send to other hosts than the registry: [Which credential do I need](credentials.md) says which ones those are.
"""
_TAIL = """
## After a change

`make synth`, apply the manifests that changed, `make deploy`. When you remove a target or a credential, its objects stay
in the cluster: `make deploy` prints the commands that remove them, see [Remove it](removing.md).

## Two installations

Two installations can share an account and a cluster, each with an `installation` of its own. They need different Secrets:
two that write the same Secret replace each other's password at every run, because a token has the permissions of the role
that requested it. The result's reason then names the other role. The synth refuses this within one app; it does not know
the installations of other apps.
"""


def format_settings_page() -> str:
    """The page's text."""
    schema = make_json_schema()
    parts = [_HEAD]
    for title, name, section in _SECTIONS:
        definition = schema["$defs"][name]
        rows = "\n".join(
            _format_row(key, value, section=section, required=key in definition.get("required", ()))
            for key, value in definition["properties"].items()
        )
        parts.append(f"\n## {title}\n\n| key | type | default | meaning |\n|---|---|---|---|\n{rows}\n")
    return "".join([*parts, _TAIL])


def _format_row(key: str, value: dict[str, Any], *, section: str, required: bool) -> str:
    chosen = [branch for branch in value.get("anyOf", [value]) if branch.get("type") != "null"]
    described = {**chosen[0], **({"description": value["description"]} if "description" in value else {})}
    default = "required" if required else _DEFAULTS.get((section, key)) or _format_default(value.get("default"))
    cells = (f"`{key}`", " or ".join(map(_name_type, chosen)), default, _describe(described))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _name_type(value: dict[str, Any]) -> str:
    if "$ref" in value:
        return "mapping"
    names = {"string": "text", "boolean": "true or false", "object": "mapping"}
    if value.get("type") == "array":
        inner = _name_type(value["items"])
        return "list of mappings" if inner == "mapping" else f"list of {inner}s"
    return "one of" if "enum" in value else names[value["type"]]


def _describe(value: dict[str, Any]) -> str:
    allowed = " ".join(f"`{choice}`" for choice in value.get("enum", ()))
    words = value.get("description") or value.get("items", {}).get("description") or ""
    return ": ".join(part for part in (allowed, words) if part) or "a section below"


def _format_default(value: object) -> str:
    return f"`{msgspec.json.encode(value).decode().strip(chr(34))}`" if value not in (None, (), [], {}) else "none"
