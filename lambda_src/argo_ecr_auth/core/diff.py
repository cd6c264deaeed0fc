"""The differences between what a cluster holds and what is desired, key by key."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from argo_ecr_auth.core.kinds import OPTIONAL_KEYS
from argo_ecr_auth.core.managed_fields import read_writers
from argo_ecr_auth.core.manifests import (
    NO_TOKEN,
    TOKEN_ANNOTATIONS,
    Manifest,
    Payload,
    decode_value,
    list_foreign_keys,
    make_config_map_manifest,
    make_secret_manifest,
    payload_key,
)
from argo_ecr_auth.core.observed import ObservedState
from argo_ecr_auth.core.targets import Credential
from argo_ecr_auth.core.timestamps import EXPIRY_KEY

_MAX_QUOTE = 100


@dataclass(frozen=True, kw_only=True)
class Change:
    """A key of ours that is not as desired. A Secret's values are not quoted; the payload is named by its hash."""

    kind: str
    part: str  # label, annotation or data
    key: str
    actual: str | None  # None: missing
    desired: str | None  # None: an earlier apply of ours wrote it, and the settings no longer have it
    tampered: bool = False  # somebody added a key that Argo CD reads to a Secret of ours

    def __str__(self) -> str:
        if self.tampered:
            return f"somebody added {self.key} to the {self.kind}, which tells Argo CD how to use the token"
        how = "is missing" if self.actual is None else "is no longer wanted" if self.desired is None else "differs"
        return f"the {self.kind}'s {self.part} {self.key} {how}"


def diff_objects(observed: ObservedState, credential: Credential, *, payload: Payload | None) -> Iterator[Change]:
    """Every key of ours that a write of the payload would change; without a payload, those that no token changes."""
    token_keys = {payload_key(credential), EXPIRY_KEY, *TOKEN_ANNOTATIONS} if payload is None else set()
    for found, manifest in (
        (observed.secret, make_secret_manifest(credential, payload or NO_TOKEN)),
        (observed.config_map, make_config_map_manifest(credential, payload or NO_TOKEN)),
    ):
        show = partial(_show, payload_key=payload_key(credential) if manifest["kind"] == "Secret" else None)
        owned = _find_owned_keys(found)
        for part, path in _PARTS.items():
            actual, desired = _look_up(found, *path), _look_up(manifest, *path)
            stale = {key for key in owned[part] if key in actual and key not in desired}
            foreign = find_foreign_keys(found if part == "data" else None, manifest)
            for key in (*desired, *sorted(stale | foreign.added | foreign.stale)):
                if key not in token_keys and actual.get(key) != desired.get(key):
                    yield Change(
                        kind=manifest["kind"],
                        part=part,
                        key=key,
                        actual=show(actual.get(key), part=part, key=key),
                        desired=show(desired.get(key), part=part, key=key, ours=True),
                        tampered=key in foreign.added,
                    )


@dataclass(frozen=True, kw_only=True)
class ForeignKeys:
    """The keys of a Secret that Argo CD reads and its manifest does not have, by who is behind them."""

    added: frozenset[str]  # by somebody else, to a Secret of ours: tampering
    stale: frozenset[str]  # by earlier settings, or in a Secret that is not ours yet


def find_foreign_keys(found: Manifest | None, manifest: Manifest) -> ForeignKeys:
    """Whose they are. A key that our field manager owns counts as one of earlier settings if settings can name it."""
    foreign = frozenset(list_foreign_keys(found, manifest))
    owned = _find_owned_keys(found)
    added = foreign - (owned["data"] & OPTIONAL_KEYS) if any(owned.values()) else frozenset()
    return ForeignKeys(added=added, stale=foreign - added)


def contains(found: object, manifest: Manifest) -> bool:
    """Whether an object holds all that a manifest says, whatever else it holds."""
    return isinstance(found, Mapping) and all(
        contains(found.get(key) or {}, value) if isinstance(value, Mapping) else found.get(key) == value
        for key, value in manifest.items()
        if key != "resourceVersion"
    )


_PARTS = {"label": ("metadata", "labels"), "annotation": ("metadata", "annotations"), "data": ("data",)}


def _look_up(manifest: Manifest | None, *path: str) -> Mapping[str, Any]:
    found: Any = manifest
    for step in path:
        found = (found or {}).get(step)
    return found or {}


def _find_owned_keys(found: Manifest | None) -> dict[str, set[str]]:
    """The keys that an earlier apply of ours wrote, by part."""
    ours = [writer for writer in read_writers(found) if writer.is_ours]
    return {
        "label": {key for writer in ours for key in writer.labels},
        "annotation": {key for writer in ours for key in writer.annotations},
        "data": {key for writer in ours for key in writer.data},
    }


def _show(value: str | None, *, part: str, key: str, payload_key: str | None, ours: bool = False) -> str | None:
    if value is None:
        return None
    if key == payload_key and part == "data":
        return "sha256:" + hashlib.sha256(decode_value(value)).hexdigest()[:32]
    # Somebody may have put anything into an object, under any key, the password too.
    if not ours:
        return "another value"
    return decode_value(value).decode() if part == "data" and payload_key else " ".join(value.split())[:_MAX_QUOTE]
