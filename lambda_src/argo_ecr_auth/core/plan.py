"""What is there, what should be, and what time it is: why to write, or nothing."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from argo_ecr_auth.core.authorization_token import fingerprint
from argo_ecr_auth.core.diff import Change, diff_objects, owned_keys
from argo_ecr_auth.core.manifests import (
    EXPIRY_ANNOTATION,
    EXPIRY_KEY,
    FINGERPRINT_ANNOTATION,
    REFUSED_ANNOTATION,
    SOURCE_ANNOTATION,
    Manifest,
    Payload,
    describe_source,
    secret_key,
)
from argo_ecr_auth.core.observed import ObservedState, get_metadata
from argo_ecr_auth.core.settings import TOKEN_LIFE
from argo_ecr_auth.core.targets import Credential

_LONGEST_REASON = 300
_LONGEST_LIFE = TOKEN_LIFE + timedelta(minutes=5)  # clocks differ
_LONGEST_JITTER = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to do: nothing (`fresh`), or to write, and with which token."""

    action: str  # fresh, created, renewed, repaired
    reasons: tuple[str, ...]
    expires_at: datetime | None  # of the token that is there, where that is known
    payload: Payload | None  # the one that is there and may stay; None where a new token is due
    changes: tuple[Change, ...] = ()
    held: Payload | None = None  # the one that is there, where it is ours and has not ended: better than none
    refused: str | None = None  # what its registry had against the one that is there
    only_refused: bool = False  # a new token is due for nothing else

    @property
    def drifted(self) -> bool:
        """Something differs that can be put back without a new token."""
        return any(not change.of_the_token and change.key != REFUSED_ANNOTATION for change in self.changes)


def jitter(target: str, *, renew_before: timedelta) -> timedelta:
    """How much earlier than others a target renews: stable, up to an hour, so that a thousand do not renew at once.

    Never more than half of what the token lives before `renew_before`, for else a new token would be due at once.
    """
    share = int.from_bytes(hashlib.sha256(target.encode()).digest()[:4]) / 2**32
    return min(_LONGEST_JITTER, (TOKEN_LIFE - renew_before) / 2) * share


def make_plan(
    observed: ObservedState, *, credential: Credential, now: datetime, renew_before: timedelta, force: bool = False
) -> Plan:
    """Compare what is there with what should be. `renew_before` includes the target's jitter."""
    secret, config_map = observed.secret, observed.config_map
    if secret is None or config_map is None:
        missing = [kind for kind, found in (("Secret", secret), ("ConfigMap", config_map)) if found is None]
        reason = "there is no Secret and no ConfigMap" if len(missing) > 1 else f"the {missing[0]} is missing"
        return Plan(
            action="created" if len(missing) > 1 else "repaired",
            reasons=(reason,),
            expires_at=None,
            payload=None,
            changes=tuple(diff_objects(observed, credential, payload=None)),
        )

    annotations = get_metadata(config_map, "annotations")
    credential = as_asked(credential, observed)
    there = payload_text(secret, credential)
    foreign = _foreign_payload(there, secret_key(credential), annotations)
    elsewhere = _of_another_source(credential, annotations)
    # Only what we put there: an apply that leaves it out does not remove somebody else's, a restored backup's say.
    ours_to_refuse = not foreign and REFUSED_ANNOTATION in owned_keys(config_map, "annotation")
    refused = annotations.get(REFUSED_ANNOTATION) if ours_to_refuse else None
    said, doubtful = _expiry(config_map, now=now)
    # An expiry speaks of the password that it was written with. What the original tool wrote is taken at its word.
    expires_at = None if doubtful or (foreign and FINGERPRINT_ANNOTATION in annotations) else said
    repairs = tuple(filter(None, (doubtful, foreign, elsewhere, refused)))
    renewal_reasons = ["a renewal was asked for"] if force else []
    if said is not None and said - now < renew_before:
        renewal_reasons.append(f"{_left(said - now)}, renewed below {_hours(renew_before)}")

    there_now = None if expires_at is None else Payload(text=there.decode(), expires_at=expires_at)
    payload = None if repairs or renewal_reasons else there_now
    changes = tuple(diff_objects(observed, credential, payload=payload))
    differing = tuple(str(change) for change in changes if not change.of_the_token)
    return Plan(
        action="repaired" if repairs or differing else "renewed" if renewal_reasons else "fresh",
        reasons=tuple(_one_line(reason) for reason in (*repairs, *renewal_reasons, *differing)),
        expires_at=None if refused else expires_at,
        payload=payload,
        changes=changes,
        held=there_now if there_now and there_now.expires_at > now and not foreign and not elsewhere else None,
        refused=refused,
        only_refused=refused is not None and repairs == (refused,) and not renewal_reasons,
    )


def payload_text(secret: Manifest | None, credential: Credential) -> bytes:
    """What is under the payload's key; nothing where that is no text, as something else's then."""
    try:
        text = base64.b64decode(((secret or {}).get("data") or {}).get(secret_key(credential)) or "")
        text.decode()
    except ValueError:
        return b""
    return text


def as_asked(credential: Credential, observed: ObservedState) -> Credential:
    """Who does not know the function's principal, as an operator, takes the one that the token there was asked as."""
    source = get_metadata(observed.config_map, "annotations").get(SOURCE_ANNOTATION, "")
    known = f"{describe_source(credential)} "
    if credential.role or credential.function_role_id or not source.startswith(known):
        return credential
    return replace(credential, function_role_id=source.removeprefix(known))


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
    if expires_at - now > _LONGEST_LIFE:
        return None, f"the ConfigMap's {EXPIRY_KEY} is further ahead than a token lives"
    if get_metadata(config_map, "annotations").get(EXPIRY_ANNOTATION, text) != text:
        return expires_at, f"the ConfigMap's {EXPIRY_KEY} is not the one that was written"
    return expires_at, None


def _foreign_payload(there: bytes, key: str, annotations: Mapping[str, str]) -> str | None:
    written = annotations.get(FINGERPRINT_ANNOTATION)
    if written is None:
        return f"the {key} has no fingerprint in the ConfigMap: something else wrote it"
    return None if fingerprint(there) == written else f"the {key} is not the one that was written"


def _of_another_source(credential: Credential, annotations: Mapping[str, str]) -> str | None:
    if FINGERPRINT_ANNOTATION not in annotations or annotations.get(SOURCE_ANNOTATION) == describe_source(credential):
        return None
    asked_for = annotations.get(SOURCE_ANNOTATION, "elsewhere")
    return f"the token was asked for {asked_for}, not for {describe_source(credential)}"


def _one_line(reason: str) -> str:
    """Parts of it may be somebody's words."""
    return " ".join(reason.split())[:_LONGEST_REASON]


def _left(remaining: timedelta) -> str:
    return f"{_hours(remaining)} of the token's life left" if remaining > timedelta() else "the token has ended"


def _hours(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    return f"{minutes // 60}h{minutes % 60:02}m"
