"""Writes a credential's two objects, and sees that the Secret is still the one that was written."""

from collections.abc import Callable

from argo_ecr_auth.clients.api_client import Connection
from argo_ecr_auth.clients.cluster import apply_object, read_object, remove_keys
from argo_ecr_auth.core.diff import holds
from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.core.managed_fields import read_writers
from argo_ecr_auth.core.manifests import (
    Manifest,
    Payload,
    list_foreign_keys,
    make_config_map_manifest,
    make_secret_manifest,
    pin_version,
)
from argo_ecr_auth.core.observed import ObservedState
from argo_ecr_auth.core.targets import Credential


def write_credential(
    connection: Connection,
    credential: Credential,
    observed: ObservedState,
    payload: Payload,
    *,
    only_over_observed: bool,
    is_stopped: Callable[[], bool],
) -> None:
    """Apply the Secret, then the ConfigMap, and see that the Secret is still the one that was applied.

    The Secret first: a run that ends between the two leaves a ConfigMap that does not vouch for the new password,
    and the next run sees that. With `only_over_observed` an object that has changed since it was read stays as it is.
    Raises SyncError, also where the run `is_stopped` before a write.
    """
    secret, config_map = make_secret_manifest(credential, payload), make_config_map_manifest(credential, payload)
    versions = [(secret, observed.secret), (config_map, observed.config_map)]
    for i, (manifest, found) in enumerate(versions):
        for part, keys in observed.list_clashing_keys(manifest).items():
            pinned = found if only_over_observed else None
            versions[i] = manifest, remove_keys(connection, manifest, part=part, keys=keys, only_over=pinned)
    for manifest, found in versions:
        if is_stopped():
            raise SyncError("out of time before it was written; the next run tries again")
        apply_object(connection, pin_version(manifest, found) if only_over_observed and found else manifest)
    _check_written(connection, secret)


def _check_written(connection: Connection, secret: Manifest) -> None:
    """Raise SyncError where somebody has changed the Secret since it was applied; another run may."""
    namespace, name = secret["metadata"]["namespace"], secret["metadata"]["name"]
    found = read_object(connection, kind="Secret", namespace=namespace, name=name) or {}
    changed = {key for key, value in secret["data"].items() if (found.get("data") or {}).get(key) != value}
    by_us = any(writer.is_ours and changed <= writer.data for writer in read_writers(found))
    if (not holds(found, secret) and not (changed and by_us)) or list_foreign_keys(found, secret):
        raise SyncError(f"the Secret {namespace}/{name} was changed while it was written; the next run repairs it")
