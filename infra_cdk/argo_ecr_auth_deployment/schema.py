"""What the JSON Schema of the settings says against a document, in words, all of it at once."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import msgspec
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from argo_ecr_auth_deployment.settings import DeploymentSettings

Path = tuple[str | int, ...]

_NO_NEWLINE = r"(?!\n)"  # at the end of each pattern, for Python's `$` lets one through; of no use to a reader

_LONGEST_SHOWN = 100
_KINDS = {
    "object": "keys with values",
    "array": "a list",
    "string": "text",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "nothing",
}


def make_json_schema() -> dict[str, Any]:
    """The JSON Schema of `settings.yaml`; an editor completes and checks by it too."""
    return msgspec.json.schema(DeploymentSettings)


def find_schema_faults(document: object) -> tuple[tuple[Path, str], ...]:
    """Each fault's place and what is wrong there, in the document's order."""
    errors = Draft202012Validator(make_json_schema()).iter_errors(document)
    # Each error of a missing key tells of all that are missing there.
    return tuple(dict.fromkeys(fault for error in errors for fault in _faults(error)))


def format_path(path: Path) -> str:
    """A path as it is written: `targets[0].cluster`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def _faults(error: ValidationError) -> Iterator[tuple[Path, str]]:
    path: Path = tuple(error.absolute_path)
    # An error of a validation has all of these; the types allow for one that was made by hand.
    value, allowed, schema = cast(tuple[Any, Any, Any], (error.instance, error.validator_value, error.schema))
    match error.validator:
        case "anyOf":
            # A key that may be absent: what it says of the value, not that the value is not null.
            branches = [fault for fault in error.context or () if fault.schema != {"type": "null"}]
            yield from (found for branch in branches for found in _faults(branch))
        case "additionalProperties":
            known = schema["properties"]
            yield from (((*path, key), _unknown(key, known)) for key in value if key not in known)
        case "required":
            yield from (((*path, key), "missing; it must be given") for key in allowed if key not in value)
        case "type":
            kinds = [allowed] if isinstance(allowed, str) else allowed
            yield path, f"{_shown(value)} is not {' or '.join(_KINDS[kind] for kind in kinds)}{_hint(value, kinds)}"
        case "enum":
            yield path, f"{_shown(value)} is none of {', '.join(str(one) for one in allowed if one is not None)}"
        case _:
            yield path, f"{_shown(value)} is not allowed here{_described(schema)}"


def _unknown(key: object, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(str(key), known, n=3)
    if near:
        return f"unknown key; is it {' or '.join(near)}?"
    return f"unknown key; there are {', '.join(sorted(known))}"


def _hint(value: object, kinds: Sequence[str]) -> str:
    return "; put it in quotes" if "string" in kinds and isinstance(value, int | float) else ""


def _shown(value: object) -> str:
    text = msgspec.json.encode(value, enc_hook=str).decode()
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def _described(schema: Mapping[str, Any]) -> str:
    said = [f": {schema['description']}"] if "description" in schema else []
    if "pattern" in schema:
        said.append(f" ({schema['pattern'].removesuffix(_NO_NEWLINE)})")
    if "maxLength" in schema:
        said.append(f" (at most {schema['maxLength']} characters)")
    return "".join(said)
