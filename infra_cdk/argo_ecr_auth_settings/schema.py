"""What the JSON Schema of the settings says against a document, in words, all of it at once."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, cast

import msgspec
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from argo_ecr_auth_settings.document import Path
from argo_ecr_auth_settings.settings import Settings

_LONGEST_SHOWN = 100
_TYPES = {"object": "a mapping", "array": "a list", "string": "text", "boolean": "true or false"}


SCHEMA_FILE = "settings.schema.json"
"""The name of the file, beside the settings, that an editor reads."""


def make_json_schema() -> dict[str, Any]:
    """The JSON Schema of `settings.yaml`; an editor completes and checks by it too."""
    return msgspec.json.schema(Settings)


def format_json_schema() -> str:
    """The text of the file that an editor reads."""
    return msgspec.json.format(msgspec.json.encode(make_json_schema()), indent=2).decode() + "\n"


def find_schema_faults(document: object) -> tuple[tuple[Path, str], ...]:
    """Each fault's place and what is wrong there, in the document's order."""
    errors = Draft202012Validator(make_json_schema()).iter_errors(document)
    # Each error of a missing key tells of all that are missing there.
    return tuple(dict.fromkeys(fault for error in errors for fault in _explain(error)))


def _explain(error: ValidationError) -> Iterator[tuple[Path, str]]:
    path: Path = tuple(error.absolute_path)
    # An error of a validation has all of these; the types allow for one that was made by hand.
    value, allowed, schema = cast(tuple[Any, Any, Any], (error.instance, error.validator_value, error.schema))
    match error.validator:
        case "anyOf":
            # A key that may be absent: what it says of the value, not that the value is not null.
            branches = [fault for fault in error.context or () if fault.schema != {"type": "null"}]
            yield from (found for branch in branches for found in _explain(branch))
        case "additionalProperties":
            known = schema["properties"]
            yield from (((*path, key), _explain_unknown(key, known)) for key in value if key not in known)
        case "required":
            yield from (((*path, key), "missing") for key in allowed if key not in value)
        case "type":
            yield path, f"must be {_TYPES[allowed]}, not {_describe(value)}{_add_hint(value, allowed)}"
        case "enum":
            yield path, f"{_show(value)} is not one of {', '.join(allowed)}"
        case "maxLength":
            yield path, f"{_show(value)} is too long; at most {allowed} characters"
        case _:
            rule = schema.get("patternErrorMessage", f"not allowed. {schema.get('description', '')}")
            yield path, f"{_show(value)} is {rule}".strip()


def _explain_unknown(key: object, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(str(key), known, n=3)
    if near:
        return f"unknown key; is it {' or '.join(near)}?"
    return f"unknown key; there are {', '.join(sorted(known))}"


def _describe(value: object) -> str:
    if value is None:
        return "empty"
    return "a mapping" if isinstance(value, dict) else "a list" if isinstance(value, list) else _show(value)


def _add_hint(value: object, allowed: str) -> str:
    return "; put it in quotes" if allowed == "string" and isinstance(value, int | float) else ""


def _show(value: object) -> str:
    text = msgspec.json.encode(value, enc_hook=str).decode()
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
