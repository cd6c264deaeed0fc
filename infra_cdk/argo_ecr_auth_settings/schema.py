"""Checks a document against the JSON Schema of the settings and describes every fault."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, cast

import msgspec
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from argo_ecr_auth_settings.document import Fault, KeyPath
from argo_ecr_auth_settings.settings import Settings

_MAX_SHOWN_CHARACTERS = 100
_TYPES = {"object": "a mapping", "array": "a list", "string": "text", "boolean": "true or false"}
_RENAMED: Mapping[object, str] = {"registries": "registry", "namespaces": "namespace"}
"""Keys that no longer exist, with those that replace them."""


SCHEMA_FILE = "settings.schema.json"
"""The name of the schema file next to the settings, which an editor reads."""


def make_json_schema() -> dict[str, Any]:
    """The JSON Schema of `settings.yaml`. Editors use it too."""
    return msgspec.json.schema(Settings)


def format_json_schema() -> str:
    """The content of the schema file."""
    return msgspec.json.format(msgspec.json.encode(make_json_schema()), indent=2).decode() + "\n"


def find_schema_faults(document: object) -> tuple[Fault, ...]:
    """The faults in the order of the document."""
    errors = _make_validator().iter_errors(document)
    # For several missing keys there are several errors, and each of them lists all keys.
    found = dict.fromkeys(fault for error in errors for fault in _explain(error))
    return tuple(Fault(path=path, text=text) for path, text in found)


@cache
def _make_validator() -> Draft202012Validator:
    return Draft202012Validator(make_json_schema())


def _explain(error: ValidationError) -> Iterator[tuple[KeyPath, str]]:
    path: KeyPath = tuple(error.absolute_path)
    # Every error of a validation has these attributes. The types also cover errors that were created by hand.
    value, allowed, schema = cast(tuple[Any, Any, Any], (error.instance, error.validator_value, error.schema))
    match error.validator:
        case "anyOf":
            yield from _explain_branches(error)
        case "additionalProperties":
            known = schema["properties"]
            yield from (((*path, key), _explain_unknown(key, known)) for key in value if key not in known)
        case "required":
            old = {_RENAMED.get(key) for key in value}
            yield from (((*path, key), "missing") for key in allowed if key not in value and key not in old)
        case "type":
            yield path, _explain_type(value, [allowed])
        case "enum":
            yield path, f"{_show(value)} is not one of {', '.join(map(str, allowed))}"
        case "maxLength":
            yield path, f"{_show(value)} is too long; at most {allowed} characters"
        case _:
            rule = schema.get("patternErrorMessage", f"not allowed. {schema.get('description', '')}")
            yield path, f"{_show(value)} is {rule}".strip()


def _explain_branches(error: ValidationError) -> Iterator[tuple[KeyPath, str]]:
    """Explain what is wrong in the branches of the value's type, or which types are allowed."""
    branches = error.context or ()
    mistyped = {
        branch.schema_path[0]: branch.validator_value
        for branch in branches
        if branch.validator == "type" and branch.absolute_path == error.absolute_path
    }
    fitting = [branch for branch in branches if branch.schema_path[0] not in mistyped]
    if not fitting:
        allowed = [str(name) for name in mistyped.values() if name != "null"]
        yield tuple(error.absolute_path), _explain_type(error.instance, allowed)
    yield from (fault for branch in fitting for fault in _explain(branch))


def _explain_type(value: object, allowed: Sequence[str]) -> str:
    hint = "; put it in quotes" if "string" in allowed and isinstance(value, int | float) else ""
    return f"must be {' or '.join(_TYPES[name] for name in allowed)}, not {_describe(value)}{hint}"


def _explain_unknown(key: object, known: Mapping[str, Any]) -> str:
    if new := _RENAMED.get(key):
        return f"{key} is {new} now, which also takes a list"
    near = difflib.get_close_matches(str(key), known, n=3)
    if near:
        return f"unknown key; is it {' or '.join(near)}?"
    return f"unknown key; there are {', '.join(sorted(known))}"


def _describe(value: object) -> str:
    if value is None:
        return "empty"
    return "a mapping" if isinstance(value, dict) else "a list" if isinstance(value, list) else _show(value)


def _show(value: object) -> str:
    text = msgspec.json.encode(value, enc_hook=str).decode()
    return text if len(text) <= _MAX_SHOWN_CHARACTERS else f"{text[:_MAX_SHOWN_CHARACTERS]}..."
