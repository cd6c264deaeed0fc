"""Times in the cluster: how they are written, and how the ConfigMap's expiry is read."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

EXPIRY_KEY = "expireyTime"  # the original tool's spelling


def format_time(moment: datetime) -> str:
    """An aware UTC moment to the second (RFC 3339), as Kubernetes and the original tool write it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(text: object) -> datetime | None:
    """The moment (UTC) that an RFC 3339 timestamp names, None where it is not one."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        return None if moment is None or moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def parse_expiry(config_map: Mapping[str, Any] | None) -> datetime | None:
    """When the token expires (UTC) according to its ConfigMap, None where it does not say so."""
    return parse_time(((config_map or {}).get("data") or {}).get(EXPIRY_KEY))
