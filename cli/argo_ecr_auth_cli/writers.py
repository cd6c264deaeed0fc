"""Who wrote an object, as its managedFields tell (Kubernetes, Server-Side Apply, Field Management)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from argo_ecr_auth.core.manifests import FIELD_MANAGER, Manifest
from argo_ecr_auth.core.observed import ObservedState


@dataclass(frozen=True, kw_only=True)
class Writer:
    """A field manager and what it holds of an object. The original tool has our name, but does not apply."""

    manager: str
    operation: str
    time: str  # RFC 3339
    data: frozenset[str]  # keys
    labels: frozenset[str]

    @property
    def ours(self) -> bool:
        return (self.manager, self.operation) == (FIELD_MANAGER, "Apply")

    def as_dict(self) -> dict[str, str]:
        return {"manager": self.manager, "operation": self.operation, "time": self.time}

    def __str__(self) -> str:
        return f"{self.manager}{'' if self.ours else f' ({self.operation})'} {self.time}"


def writers_of(manifest: Manifest | None) -> Iterator[Writer]:
    """All that hold a field of it."""
    for entry in ((manifest or {}).get("metadata") or {}).get("managedFields") or ():
        fields = entry.get("fieldsV1") or {}
        yield Writer(
            manager=str(entry.get("manager") or "unknown"),
            operation=str(entry.get("operation") or ""),
            time=str(entry.get("time") or ""),
            data=_keys(fields.get("f:data")),
            labels=_keys((fields.get("f:metadata") or {}).get("f:labels")),
        )


def last_writer(observed: ObservedState) -> Writer | None:
    """The last of either object; of the same second, somebody else."""
    found = [*writers_of(observed.secret), *writers_of(observed.config_map)]
    return max(found, key=lambda writer: (writer.time, not writer.ours), default=None)


def _keys(fields: Any) -> frozenset[str]:
    return frozenset(key.removeprefix("f:") for key in fields or ())
