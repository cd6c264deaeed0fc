"""Converts what the schema accepts of a document that it refuses."""

import copy
import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from argo_ecr_auth_settings.broken import BROKEN
from argo_ecr_auth_settings.credential_settings import CredentialSettings
from argo_ecr_auth_settings.document import KeyPath
from argo_ecr_auth_settings.settings import Settings, TargetSettings, VpcSettings

_CONTAINERS: Mapping[str, tuple[type[msgspec.Struct], Mapping[str, object]]] = {
    "": (Settings, {}),
    "targets": (TargetSettings, {"cluster": "x"}),
    "credentials": (CredentialSettings, {"registry": "x"}),
    "vpc": (VpcSettings, {"id": "vpc-00000000", "subnets": ["subnet-00000000"]}),
}
"""The keys that hold other keys, with the type of these, and values for the required ones."""


def convert_intact(content: object, faults: Iterable[KeyPath]) -> Settings | None:
    """The settings with BROKEN at the paths of these faults, None if nothing can be known of them."""
    if not isinstance(content, dict):
        return None
    content = copy.deepcopy(content)
    paths = sorted({path for fault in faults for path in _find_broken(content, fault)}, key=len)
    for path in paths:
        _remove(content, path)
    try:
        settings = msgspec.convert(content, Settings)
    except msgspec.ValidationError:
        return None
    for path in reversed(paths):
        settings = _mark(settings, path)
    return settings


def _find_broken(content: Any, fault: KeyPath) -> Iterator[KeyPath]:
    """The path of the setting that has the fault. For a key that does not exist, those that may be meant."""
    length = 1
    while length < len(fault) and (isinstance(fault[length - 1], int) or fault[length - 1] in _CONTAINERS):
        length += 1
    path = fault[:length]
    yield path
    fields = _find_container(path)[0].__struct_fields__
    if path[-1] not in fields and isinstance(path[-1], str):
        given = _walk(content, path[:-1])
        yield from ((*path[:-1], name) for name in difflib.get_close_matches(path[-1], fields) if name not in given)


def _remove(content: Any, path: KeyPath) -> None:
    """Remove the value, or replace it if it is required."""
    holder, key = _walk(content, path[:-1]), path[-1]
    required = _find_container(path)[1]
    if isinstance(key, int):
        holder[key] = dict(required)
    else:
        holder.pop(key, None)
        holder |= {key: required[key]} if key in required else {}


def _walk(content: Any, path: KeyPath) -> Any:
    for step in path:
        content = content[step]
    return content


def _find_container(path: KeyPath) -> tuple[type[msgspec.Struct], Mapping[str, object]]:
    names = [step for step in path[:-1] if isinstance(step, str)]
    return _CONTAINERS[names[-1] if names else ""]


def _mark(value: Any, path: Sequence[str | int]) -> Any:
    """A copy with BROKEN at the path."""
    if not path:
        return BROKEN
    step, *rest = path
    if isinstance(step, int):
        return (*value[:step], _mark(value[step], rest), *value[step + 1 :])
    if step not in value.__struct_fields__:
        return value
    return msgspec.structs.replace(value, **{step: _mark(getattr(value, step), rest)})
