"""What a cluster holds of a credential, and whether it is ours to write to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.core.kinds import SECRET_TYPE_LABEL
from argo_ecr_auth.core.managed_fields import read_writers
from argo_ecr_auth.core.manifests import (
    CONFIG_MAP_LABEL,
    CONFIG_MAP_LABEL_VALUE,
    Manifest,
    decode_value,
    list_foreign_keys,
    secret_type,
)
from argo_ecr_auth.core.targets import Credential

TAKE_OVER_ANNOTATION = "argo-ecr-auth/take-over"
"""With the value `"true"`, on a Secret or ConfigMap of somebody else's: its owner hands it over."""

_EXTERNAL_SECRETS = "reconcile.external-secrets.io/"  # the prefix of what External Secrets marks its Secrets with


@dataclass(frozen=True, kw_only=True)
class ObservedState:
    """What the cluster holds of a credential: the objects as the API server gives them, None where there is none."""

    secret: Manifest | None = field(repr=False)
    config_map: Manifest | None

    def list_clashing_keys(self, manifest: Manifest) -> list[str]:
        """Keys of a Secret's data or a ConfigMap's binaryData that must be removed before the manifest is applied.

        A key of a ConfigMap's binaryData cannot be in its data too. A key that Argo CD reads, and the manifest does not
        have, would redirect or weaken the connection that the token is sent over.
        """
        if manifest["kind"] == "Secret":
            return list_foreign_keys(self.secret, manifest)
        return sorted(manifest["data"].keys() & ((self.config_map or {}).get("binaryData") or {}).keys())


def refuse_foreign_objects(observed: ObservedState, credential: Credential) -> None:
    """Raise SyncError, with the reason, if what is there belongs to something else or cannot be written to."""
    for found in (observed.secret, observed.config_map):
        if found is None:
            continue
        what = _name(found)
        metadata = found["metadata"]
        owners = [f"{owner['kind']} {owner['name']}" for owner in metadata.get("ownerReferences") or ()]
        marks = (*get_metadata(found, "labels"), *get_metadata(found, "annotations"))
        if any(mark.startswith(_EXTERNAL_SECRETS) for mark in marks):
            owners.append("External Secrets")
        if owners:
            raise SyncError(
                failed=f"{what} belongs to {', '.join(owners)}", remedy="remove it there, or choose another secret_name"
            )
    _refuse_unrecognized(observed, credential)
    for found in (observed.secret, observed.config_map):
        if found is not None and found.get("immutable"):
            raise SyncError(failed=f"{_name(found)} is immutable", remedy="delete it, and the next run recreates it")
    if observed.secret is not None and observed.secret.get("type") != secret_type(credential):
        raise SyncError(
            failed=f"{_name(observed.secret)} is not of the type {secret_type(credential)}, and its type cannot be "
            "changed",
            remedy="delete it, or choose another secret_name",
        )


def _refuse_unrecognized(observed: ObservedState, credential: Credential) -> None:
    """Raise SyncError unless one of the two is recognizably ours: they have one name, and are written together."""
    found = [manifest for manifest in (observed.secret, observed.config_map) if manifest is not None]
    if not found or any(_is_recognized(manifest, credential) for manifest in found):
        return
    metadata, kind = found[0]["metadata"], found[0]["kind"]
    raise SyncError(
        failed=f"{_name(found[0])} was not written by argo-ecr-auth",
        remedy="choose another secret_name, or hand it over: kubectl -n "
        f"{metadata['namespace']} annotate {kind.lower()} {metadata['name']} {TAKE_OVER_ANNOTATION}=true",
    )


def _is_recognized(found: Manifest, credential: Credential) -> bool:
    """A field of ours, the original tool's shape, or its owner's word."""
    if get_metadata(found, "annotations").get(TAKE_OVER_ANNOTATION) == "true":
        return True
    if any(writer.is_ours for writer in read_writers(found)):
        return True
    labels = get_metadata(found, "labels")
    if found["kind"] == "ConfigMap":
        return bool(labels.get(CONFIG_MAP_LABEL) == CONFIG_MAP_LABEL_VALUE)
    data = found.get("data") or {}
    url = decode_value(data.get("url")).decode(errors="replace")
    hosts = [registry.host for registry in credential.registries]
    return (
        labels.get(SECRET_TYPE_LABEL) == "repository"
        and decode_value(data.get("type")) == b"helm"
        and any(url == host or url.startswith(f"{host}/") for host in hosts)
    )


def _name(found: Manifest) -> str:
    return f"the {found['kind']} {found['metadata']['namespace']}/{found['metadata']['name']}"


def get_metadata(manifest: Manifest | None, key: str) -> Mapping[str, Any]:
    """The object's labels or annotations, whichever `key` says; empty where there are none."""
    return ((manifest or {}).get("metadata") or {}).get(key) or {}
