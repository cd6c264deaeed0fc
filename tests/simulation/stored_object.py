"""An object of an API server with its field managers, as server-side apply and updates change it.

The rules are Kubernetes' own (Server-Side Apply, Field Management), for Secrets and ConfigMaps alone: their maps are
merged key by key. `test_api_server.py` holds them against a real API server.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Path = tuple[str, ...]
Manager = tuple[str, str]
"""The name, and the operation: Apply or Update."""

_MAPS: tuple[Path, ...] = (("metadata", "labels"), ("metadata", "annotations"), ("data",), ("binaryData",))
_VALUES: tuple[Path, ...] = (("type",), ("immutable",), ("metadata", "ownerReferences"))


class ConflictError(Exception):
    """Somebody else owns a field that an apply without force would change."""


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """An object's leaves by their paths, and who owns which of them."""

    leaves: Mapping[Path, Any] = field(repr=False)
    owned: Mapping[Manager, frozenset[Path]]
    times: Mapping[Manager, str]


NOTHING = StoredObject(leaves={}, owned={}, times={})


def read_leaves(manifest: Mapping[str, Any]) -> dict[Path, Any]:
    """Every key of the maps, and the values beside them; a null is no leaf."""
    leaves = {(*path, key): value for path in _MAPS for key, value in (_look_up(manifest, path) or {}).items()}
    leaves |= {path: _look_up(manifest, path) for path in _VALUES}
    return {path: value for path, value in leaves.items() if value is not None}


def apply(found: StoredObject, leaves: Mapping[Path, Any], *, manager: str, force: bool, time: str) -> StoredObject:
    """Server-side apply: what the manager applied before and leaves out now is removed, unless others own it too."""
    me = manager, "Apply"
    others = {each: paths for each, paths in found.owned.items() if each != me}
    differing = {path for path, value in leaves.items() if found.leaves.get(path) != value}
    if not force and any(paths & differing for paths in others.values()):
        raise ConflictError
    left_out = found.owned.get(me, frozenset()) - leaves.keys() - frozenset().union(*others.values())
    kept = {path: value for path, value in found.leaves.items() if path not in left_out}
    owned = {**{each: paths - differing for each, paths in others.items()}, me: frozenset(leaves)}
    return _store(found, {**kept, **leaves}, owned, manager=me, time=time)


def update(found: StoredObject, leaves: Mapping[Path, Any], *, manager: str, time: str) -> StoredObject:
    """Replace all leaves: the manager owns what it adds or changes."""
    me = manager, "Update"
    changed = {path for path, value in leaves.items() if found.leaves.get(path) != value}
    owned = {each: (paths & leaves.keys()) - changed for each, paths in found.owned.items()}
    owned[me] = owned.get(me, frozenset()) | changed
    return _store(found, dict(leaves), owned, manager=me, time=time)


def merge(found: StoredObject, patch: Mapping[str, Any]) -> dict[Path, Any]:
    """The leaves after a JSON merge patch (RFC 7386): null removes a key or a whole map."""
    leaves = dict(found.leaves)
    for path in _MAPS:
        given = _look_up(patch, path, missing={})
        for key in [key for key in leaves if key[:-1] == path and (given is None or key[-1] in given)]:
            del leaves[key]
        leaves |= {(*path, key): value for key, value in (given or {}).items() if value is not None}
    for path in _VALUES:
        given = _look_up(patch, path, missing=leaves.get(path))
        leaves.pop(path, None)
        if given is not None:
            leaves[path] = given
    return leaves


def render(found: StoredObject) -> dict[str, Any]:
    """The object's own part of the JSON, with `managedFields`."""
    document: dict[str, Any] = {"metadata": {}}
    for path, value in found.leaves.items():
        _put(document, path, value)
    document["metadata"]["managedFields"] = [
        {
            "manager": name,
            "operation": operation,
            "apiVersion": "v1",
            "time": found.times[name, operation],
            "fieldsType": "FieldsV1",
            "fieldsV1": _render_fields(paths),
        }
        for (name, operation), paths in found.owned.items()
    ]
    return document


def _store(
    found: StoredObject,
    leaves: Mapping[Path, Any],
    owned: Mapping[Manager, frozenset[Path]],
    *,
    manager: Manager,
    time: str,
) -> StoredObject:
    owned = {each: paths for each, paths in owned.items() if paths}
    if (leaves, owned) == (found.leaves, found.owned):
        return found
    times = {each: time if each == manager else found.times[each] for each in owned}
    return replace(found, leaves=leaves, owned=owned, times=times)


def _render_fields(paths: frozenset[Path]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for path in sorted(paths):
        _put(fields, tuple(f"f:{step}" for step in path), {})
    return fields


def _put(document: dict[str, Any], path: Path, value: Any) -> None:
    for step in path[:-1]:
        document = document.setdefault(step, {})
    document[path[-1]] = value


def _look_up(manifest: Mapping[str, Any], path: Path, *, missing: Any = None) -> Any:
    found: Any = manifest
    for step in path:
        if not isinstance(found, Mapping) or step not in found:
            return missing
        found = found[step]
    return found
