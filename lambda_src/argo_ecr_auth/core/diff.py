"""What a write would change, key by key."""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from argo_ecr_auth.core.authorization_token import fingerprint
from argo_ecr_auth.core.managed_fields import read_writers
from argo_ecr_auth.core.manifests import (
    EXPIRY_ANNOTATION,
    EXPIRY_KEY,
    FINGERPRINT_ANNOTATION,
    Manifest,
    Payload,
    make_config_map_manifest,
    make_secret_manifest,
    secret_key,
)
from argo_ecr_auth.core.observed import ObservedState
from argo_ecr_auth.core.targets import Credential

NEW = "a new token's"
LATER = "the new token's expiry"
"""What stands for the values of a token that has not been asked for yet."""

_LONGEST_QUOTE = 100


@dataclass(frozen=True, kw_only=True)
class Change:
    """A key of ours that is not as it should be. Of a Secret's values nothing is told but the payload's fingerprint."""

    kind: str
    part: str  # label, annotation or data
    key: str
    there: str | None  # None: missing
    wanted: str | None  # None: it was ours, and the settings have it no more
    of_the_token: bool = False  # changed by every new token, and no reason to write by itself

    def __str__(self) -> str:
        how = "is missing" if self.there is None else "is no longer wanted" if self.wanted is None else "differs"
        return f"the {self.kind}'s {self.part} {self.key} {how}"


def diff_objects(observed: ObservedState, credential: Credential, *, payload: Payload | None) -> Iterator[Change]:
    """Every key of ours that a write would change; with no payload, the token's own ones among them."""
    written = payload or Payload(text="", expires_at=datetime.min.replace(tzinfo=UTC))
    stand_ins = {
        secret_key(credential): NEW,
        FINGERPRINT_ANNOTATION: NEW,
        EXPIRY_KEY: LATER,
        EXPIRY_ANNOTATION: LATER,
    }
    for found, desired in (
        (observed.secret, make_secret_manifest(credential, written)),
        (observed.config_map, make_config_map_manifest(credential, written)),
    ):
        show = partial(_shown, payload_key=secret_key(credential) if desired["kind"] == "Secret" else None)
        for part, path in _PARTS.items():
            there, wanted = _at(found, *path), _at(desired, *path)
            for key in (*wanted, *(key for key in owned_keys(found, part) if key in there and key not in wanted)):
                of_the_token = payload is None and key in stand_ins
                if of_the_token or there.get(key) != wanted.get(key):
                    yield Change(
                        kind=desired["kind"],
                        part=part,
                        key=key,
                        there=show(there.get(key), part=part, key=key),
                        wanted=stand_ins[key] if of_the_token else show(wanted.get(key), part=part, key=key, ours=True),
                        of_the_token=of_the_token,
                    )


_PARTS = {"label": ("metadata", "labels"), "annotation": ("metadata", "annotations"), "data": ("data",)}


def _at(manifest: Manifest | None, *path: str) -> Mapping[str, Any]:
    found: Any = manifest
    for step in path:
        found = (found or {}).get(step)
    return found or {}


def owned_keys(found: Manifest | None, part: str) -> set[str]:
    """The keys that an earlier apply of ours wrote."""
    ours = [writer for writer in read_writers(found) if writer.is_ours]
    return {
        key
        for writer in ours
        for key in {"label": writer.labels, "annotation": writer.annotations, "data": writer.data}[part]
    }


def _shown(value: str | None, *, part: str, key: str, payload_key: str | None, ours: bool = False) -> str | None:
    if value is None or part != "data" or payload_key is None:
        return value if value is None else " ".join(value.split())[:_LONGEST_QUOTE]
    if key == payload_key:
        return fingerprint(_decoded(value))
    # Somebody may have put anything into a Secret, under any key.
    return _decoded(value).decode() if ours else "another value"


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except ValueError:
        return b""
