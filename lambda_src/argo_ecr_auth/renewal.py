"""What is there, what should be, and what time it is: why to write, or nothing."""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from argo_ecr_auth.authorization_token import AuthorizationToken, fingerprint
from argo_ecr_auth.errors import SyncError
from argo_ecr_auth.manifests import (
    EXPIRY_ANNOTATION,
    EXPIRY_KEY,
    FINGERPRINT_ANNOTATION,
    Manifest,
    config_map_manifest,
    secret_manifest,
)
from argo_ecr_auth.settings import TOKEN_LIFE
from argo_ecr_auth.targets import Credential

_CLOCK_SKEW = timedelta(minutes=5)
_LONGEST_JITTER = timedelta(hours=1)
_EXTERNAL_SECRETS = "reconcile.external-secrets.io/"  # the prefix of what External Secrets marks its Secrets with
# Written anew with each token, and judged by their meaning: the expiry by the clock, the password by its fingerprint.
_OF_THE_TOKEN = {("Secret", "data", "password"), ("ConfigMap", "data", EXPIRY_KEY)}


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What the cluster holds of a credential: the objects as the API server gives them, None where there is none."""

    secret: Manifest | None = field(repr=False)
    config_map: Manifest | None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to do: nothing (`fresh`), or to write, and with which token."""

    action: str  # fresh, created, renewed, repaired
    reasons: tuple[str, ...]
    expires_at: datetime | None  # of the token that is there, where that is known
    token: AuthorizationToken | None  # the one that is there and may stay; None where a new one is due


def jitter(target: str, *, renew_before: timedelta) -> timedelta:
    """How much earlier than others a target renews: stable, up to an hour, so that a thousand do not renew at once.

    Never more than half of what the token lives before `renew_before`, for else a new token would be due at once.
    """
    share = int.from_bytes(hashlib.sha256(target.encode()).digest()[:4]) / 2**32
    return min(_LONGEST_JITTER, (TOKEN_LIFE - renew_before) / 2) * share


def refuse_what_is_not_ours(reading: Reading) -> None:
    """Raise SyncError, with the reason, where what is there belongs to something else or cannot be written to."""
    for found in (reading.secret, reading.config_map):
        if found is None:
            continue
        metadata = found["metadata"]
        what = f"the {found['kind']} {metadata['namespace']}/{metadata['name']}"
        owners = [f"{owner['kind']} {owner['name']}" for owner in metadata.get("ownerReferences") or ()]
        marks = (*_metadata(found, "labels"), *_metadata(found, "annotations"))
        if any(mark.startswith(_EXTERNAL_SECRETS) for mark in marks):
            owners.append("External Secrets")
        if owners:
            raise SyncError(f"{what} belongs to {', '.join(owners)}: remove it there, or choose another secret_name")
        if found.get("immutable"):
            raise SyncError(f"{what} is immutable: delete it, and the next run makes it anew")
        if found["kind"] == "Secret" and found.get("type") != "Opaque":
            raise SyncError(
                f"{what} has the type {found.get('type')}, which cannot be changed: delete it, or choose another "
                "secret_name"
            )


def decide(
    reading: Reading, *, credential: Credential, now: datetime, renew_before: timedelta, force: bool = False
) -> Plan:
    """Compare what is there with what should be. `renew_before` includes the target's jitter."""
    secret, config_map = reading.secret, reading.config_map
    if secret is None and config_map is None:
        return Plan(action="created", reasons=("there is no Secret and no ConfigMap",), expires_at=None, token=None)
    if secret is None:
        return Plan(action="repaired", reasons=("the Secret is missing",), expires_at=None, token=None)
    if config_map is None:
        return Plan(action="repaired", reasons=("the ConfigMap is missing",), expires_at=None, token=None)

    expires_at, doubtful = _expiry(config_map, now=now)
    password = _password(secret)
    foreign = _foreign_password(password, config_map)
    differing = tuple(_differences(reading, credential))
    repairs = tuple(reason for reason in (doubtful, foreign) if reason)

    dues = ["a renewal was asked for"] if force else []
    if expires_at is not None and expires_at - now < renew_before:
        dues.append(f"{_left(expires_at - now)}, renewed below {_hours(renew_before)}")

    keep = not (repairs or dues)
    return Plan(
        action="repaired" if repairs or differing else "renewed" if dues else "fresh",
        reasons=(*repairs, *dues, *differing),
        # The expiry that was written speaks of the password that was written; of others nothing is known.
        expires_at=None if repairs else expires_at,
        token=AuthorizationToken(password=password.decode(), expires_at=expires_at)
        if keep and expires_at and password
        else None,
    )


def _expiry(config_map: Manifest, *, now: datetime) -> tuple[datetime | None, str | None]:
    text = (config_map.get("data") or {}).get(EXPIRY_KEY)
    if text is None:
        return None, f"the ConfigMap has no {EXPIRY_KEY}"
    try:
        written = datetime.fromisoformat(text)
        expires_at = None if written.tzinfo is None else written.astimezone(UTC)
    except (ValueError, OverflowError):
        expires_at = None
    if expires_at is None:
        return None, f"the ConfigMap's {EXPIRY_KEY} is not a time of RFC 3339"
    if expires_at - now > TOKEN_LIFE + _CLOCK_SKEW:
        return None, f"the ConfigMap's {EXPIRY_KEY} is further ahead than a token lives"
    if _metadata(config_map, "annotations").get(EXPIRY_ANNOTATION, text) != text:
        return expires_at, f"the ConfigMap's {EXPIRY_KEY} is not the one that was written"
    return expires_at, None


def _password(secret: Manifest) -> bytes:
    try:
        return base64.b64decode((secret.get("data") or {}).get("password") or "")
    except ValueError:
        return b""


def _foreign_password(password: bytes, config_map: Manifest) -> str | None:
    written = _metadata(config_map, "annotations").get(FINGERPRINT_ANNOTATION)
    if written is None:
        return "the password has no fingerprint in the ConfigMap: something else wrote it"
    return None if fingerprint(password) == written else "the password is not the one that was written"


def _differences(reading: Reading, credential: Credential) -> Iterator[str]:
    anything = AuthorizationToken(password="", expires_at=datetime.min.replace(tzinfo=UTC))
    for found, desired in (
        (reading.secret, secret_manifest(credential, anything)),
        (reading.config_map, config_map_manifest(credential, anything)),
    ):
        kind = desired["kind"]
        for part, there, wanted in (
            ("label", _metadata(found, "labels"), _metadata(desired, "labels")),
            ("data", (found or {}).get("data") or {}, desired["data"]),
        ):
            for key, value in wanted.items():
                if (kind, part, key) not in _OF_THE_TOKEN and there.get(key) != value:
                    yield f"the {kind}'s {part} {key} {'differs' if key in there else 'is missing'}"


def _metadata(manifest: Manifest | None, key: str) -> Mapping[str, Any]:
    return ((manifest or {}).get("metadata") or {}).get(key) or {}


def _left(remaining: timedelta) -> str:
    return f"{_hours(remaining)} of the token's life left" if remaining > timedelta() else "the token has ended"


def _hours(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    return f"{minutes // 60}h{minutes % 60:02}m"
