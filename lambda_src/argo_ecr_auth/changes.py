"""What a write would change, key by key."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from argo_ecr_auth.authorization_token import fingerprint
from argo_ecr_auth.manifests import (
    EXPIRY_ANNOTATION,
    EXPIRY_KEY,
    FINGERPRINT_ANNOTATION,
    Payload,
    config_map_manifest,
    secret_key,
    secret_manifest,
)
from argo_ecr_auth.reading import Reading, metadata_of
from argo_ecr_auth.targets import Credential

NEW = "a new token's"
LATER = "the new token's expiry"
"""What stands for the values of a token that has not been asked for yet."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """A key of ours that is not as it should be; what is there only where it can be no secret."""

    kind: str
    part: str  # label, annotation or data
    key: str
    there: str | None  # None: missing
    wanted: str

    def __str__(self) -> str:
        return f"the {self.kind}'s {self.part} {self.key} {'is missing' if self.there is None else 'differs'}"


def changes_of(reading: Reading, credential: Credential, *, payload: Payload | None) -> Iterator[Change]:
    """Every key of ours that a write would change; with no payload, the token's own ones among them."""
    written = payload or Payload(text="", expires_at=datetime.min.replace(tzinfo=UTC))
    for found, desired in (
        (reading.secret, secret_manifest(credential, written)),
        (reading.config_map, config_map_manifest(credential, written)),
    ):
        for part, there, wanted in (
            ("label", metadata_of(found, "labels"), metadata_of(desired, "labels")),
            ("annotation", metadata_of(found, "annotations"), metadata_of(desired, "annotations")),
            ("data", (found or {}).get("data") or {}, desired["data"]),
        ):
            of_secret = part == "data" and desired["kind"] == "Secret"
            for key, value in wanted.items():
                if payload is None and key in {secret_key(credential), FINGERPRINT_ANNOTATION}:
                    shown = NEW
                elif payload is None and key in {EXPIRY_KEY, EXPIRY_ANNOTATION}:
                    shown = LATER
                elif there.get(key) == value:
                    continue
                elif key == secret_key(credential):
                    shown = fingerprint(value.encode())
                else:
                    shown = base64.b64decode(value).decode() if of_secret else value
                yield Change(
                    kind=desired["kind"],
                    part=part,
                    key=key,
                    there=_shown(there.get(key), of_secret=of_secret),
                    wanted=shown,
                )


def _shown(there: str | None, *, of_secret: bool) -> str | None:
    """Somebody may have put anything into a Secret, under any key."""
    return fingerprint(there.encode()) if there is not None and of_secret else there
