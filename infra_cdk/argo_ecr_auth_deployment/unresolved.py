"""Values that CDK does not know at synth, where one must be written into the function's asset."""

from collections.abc import Iterator

from argo_ecr_auth_deployment.schema import Path

_MARK = "${Token["  # how CDK encodes a token in a text
_REMEDY = (
    "is not known at synth (a CDK token), but the function's settings are written then; give the resource that it "
    "comes from a name of your own, and write that name here"
)


def known(value: str | None) -> str | None:
    """A stack's account or region, None where it is known only when it is deployed."""
    return None if value is None or _MARK in value else value


def token_faults(document: object, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Each token's place, and what to do."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield from token_faults(value, (*path, key))
    elif isinstance(document, list):
        for i, value in enumerate(document):
            yield from token_faults(value, (*path, i))
    elif isinstance(document, str) and _MARK in document:
        yield path, _REMEDY
