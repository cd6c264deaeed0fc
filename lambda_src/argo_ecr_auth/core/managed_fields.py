"""Reads from an object's managedFields who wrote which keys (Kubernetes, Server-Side Apply, Field Management)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from argo_ecr_auth.core.manifests import FIELD_MANAGER, Manifest
from argo_ecr_auth.core.timestamps import parse_time


@dataclass(frozen=True, kw_only=True)
class Writer:
    """A field manager, and the keys of an object that it owns."""

    manager: str
    operation: str  # Apply or Update
    time: str  # RFC 3339, UTC
    labels: frozenset[str]
    annotations: frozenset[str]
    data: frozenset[str]

    @property
    def is_ours(self) -> bool:
        """The function applies. The original in-cluster tool has the same name as a manager, but updates."""
        return (self.manager, self.operation) == (FIELD_MANAGER, "Apply")


def find_last_apply(manifest: Manifest | None, key: str) -> datetime | None:
    """When an apply of ours last changed the object, None if this key of its data is not ours."""
    times = [parse_time(writer.time) for writer in read_writers(manifest) if writer.is_ours and key in writer.data]
    return max(filter(None, times), default=None)


def read_writers(manifest: Manifest | None) -> Iterator[Writer]:
    """Everybody who owns a field of the object."""
    for entry in ((manifest or {}).get("metadata") or {}).get("managedFields") or ():
        fields = entry.get("fieldsV1") or {}
        metadata = fields.get("f:metadata") or {}
        yield Writer(
            manager=str(entry.get("manager") or "unknown"),
            operation=str(entry.get("operation") or ""),
            time=str(entry.get("time") or ""),
            labels=_read_keys(metadata.get("f:labels")),
            annotations=_read_keys(metadata.get("f:annotations")),
            data=_read_keys(fields.get("f:data")),
        )


def _read_keys(fields: Any) -> frozenset[str]:
    # A "." beside them stands for the map itself.
    return frozenset(key.removeprefix("f:") for key in fields or () if key.startswith("f:"))
