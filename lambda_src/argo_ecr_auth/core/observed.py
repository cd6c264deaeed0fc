"""What a cluster holds of a credential, and whether it is ours to write to."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.core.manifests import Manifest, secret_type
from argo_ecr_auth.core.targets import Credential

_EXTERNAL_SECRETS = "reconcile.external-secrets.io/"  # the prefix of what External Secrets marks its Secrets with


@dataclass(frozen=True, kw_only=True)
class ObservedState:
    """What the cluster holds of a credential: the objects as the API server gives them, None where there is none."""

    secret: Manifest | None = field(repr=False)
    config_map: Manifest | None

    def binary_keys(self, keys: AbstractSet[str]) -> list[str]:
        """Those of the keys that somebody put into the ConfigMap's binaryData: they cannot be in its data too."""
        return sorted(keys & ((self.config_map or {}).get("binaryData") or {}).keys())


def refuse_foreign_objects(observed: ObservedState, credential: Credential) -> None:
    """Raise SyncError, with the reason, where what is there belongs to something else or cannot be written to."""
    for found in (observed.secret, observed.config_map):
        if found is None:
            continue
        metadata = found["metadata"]
        what = f"the {found['kind']} {metadata['namespace']}/{metadata['name']}"
        owners = [f"{owner['kind']} {owner['name']}" for owner in metadata.get("ownerReferences") or ()]
        marks = (*get_metadata(found, "labels"), *get_metadata(found, "annotations"))
        if any(mark.startswith(_EXTERNAL_SECRETS) for mark in marks):
            owners.append("External Secrets")
        if owners:
            raise SyncError(f"{what} belongs to {', '.join(owners)}: remove it there, or choose another secret_name")
        if found.get("immutable"):
            raise SyncError(f"{what} is immutable: delete it, and the next run creates it again")
        if found["kind"] == "Secret" and found.get("type") != secret_type(credential):
            raise SyncError(
                f"{what} has the type {found.get('type')}, which cannot be changed: delete it, or choose another "
                "secret_name"
            )


def get_metadata(manifest: Manifest | None, key: str) -> Mapping[str, Any]:
    """The object's labels or annotations, whichever `key` says; empty where there are none."""
    return ((manifest or {}).get("metadata") or {}).get(key) or {}
