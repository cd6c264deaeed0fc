"""Decides what to do with a credential: nothing, a repair with the token in the cluster, or a new token."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from argo_ecr_auth.core.authorization_token import TOKEN_LIFETIME
from argo_ecr_auth.core.diff import Change, diff_objects
from argo_ecr_auth.core.manifests import (
    FINGERPRINT_ANNOTATION,
    SOURCE_ANNOTATION,
    Payload,
    describe_source,
    is_source_of,
    payload_key,
    read_payload_text,
)
from argo_ecr_auth.core.observed import ObservedState, get_metadata
from argo_ecr_auth.core.targets import Credential
from argo_ecr_auth.core.timestamps import EXPIRY_KEY, parse_expiry

_MAX_REASON = 300
_MAX_VALIDITY = TOKEN_LIFETIME + timedelta(minutes=5)  # clocks differ
_MAX_JITTER = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to do with a credential, and why."""

    action: str  # fresh, created, renewed, repaired
    reasons: tuple[str, ...]
    needs_token: bool
    current: Payload | None  # the token in the cluster, where its ConfigMap vouches for it
    keeps_current: bool  # a new token that its registry refuses does not replace it
    may_put_back: bool  # what differs can be put back with it while no new token is to be had
    changes: tuple[Change, ...] = ()

    @property
    def tampered(self) -> bool:
        """Whether somebody added keys to the Secret by which Argo CD could send the token elsewhere."""
        return any(change.tampered for change in self.changes)

    @property
    def expires_at(self) -> datetime | None:
        """When the token in the cluster expires; None where nothing is known of it, or its registry refused it."""
        return None if self.current is None or self.current.refused else self.current.expires_at


def compute_jitter(target: str, *, renew_before: timedelta) -> timedelta:
    """How much earlier than others a target renews: stable, up to an hour, so that a thousand do not renew at once.

    At most half of the time that the token is valid before `renew_before`. Otherwise a new token would be due at once.
    """
    share = int.from_bytes(hashlib.sha256(target.encode()).digest()[:4]) / 2**32
    return min(_MAX_JITTER, (TOKEN_LIFETIME - renew_before) / 2) * share


def make_plan(
    observed: ObservedState, *, credential: Credential, now: datetime, renew_before: timedelta, force: bool = False
) -> Plan:
    """Compare what the cluster holds with what is desired. `renew_before` includes the target's jitter."""
    current = recognize_payload(observed, credential)
    repairs = tuple(_find_repair_reasons(observed, credential, current=current, now=now))
    due = tuple(_find_renewal_reasons(current, now=now, renew_before=renew_before, force=force))
    needs_token = bool(repairs or due)
    changes = tuple(diff_objects(observed, credential, payload=None if needs_token else current))
    drift = () if not (observed.secret and observed.config_map) else tuple(str(c) for c in changes if not c.by_token)
    valid = current if current and current.expires_at > now else None
    is_new = observed.secret is None and observed.config_map is None
    return Plan(
        action="created" if is_new else "repaired" if repairs or drift else "renewed" if due else "fresh",
        reasons=tuple(_one_line(reason) for reason in (*repairs, *due, *drift)),
        needs_token=needs_token,
        current=current,
        # A refused token that is there is no better than a new one, once that is due by time.
        keeps_current=valid is not None and not (valid.refused and due),
        may_put_back=valid is not None and bool(drift) and is_source_of(valid.source, credential),
        changes=changes,
    )


def choose_payload(plan: Plan, new: Payload | None) -> Payload | None:
    """The payload to write, None for none; `new` is the new token, where one was needed and was to be had.

    A refused token does not replace a valid one. If there is none, it is written all the same.
    """
    if not plan.needs_token:
        return plan.current
    if new is not None and not (new.refused and plan.keeps_current):
        return new
    return plan.current if plan.may_put_back else None


def recognize_payload(observed: ObservedState, credential: Credential) -> Payload | None:
    """The token in the cluster as its ConfigMap describes it, None where the fingerprint does not vouch for all of it.

    The fingerprint also tells whether the token was refused: the annotation that says so is for people.
    """
    text, expires_at = read_payload_text(observed.secret, credential), parse_expiry(observed.config_map)
    annotations = get_metadata(observed.config_map, "annotations")
    if not text or expires_at is None:
        return None
    payload = Payload(text=text, expires_at=expires_at, source=annotations.get(SOURCE_ANNOTATION, ""))
    for candidate in (payload, replace(payload, refused=True)):
        if candidate.fingerprint == annotations.get(FINGERPRINT_ANNOTATION):
            return candidate
    return None


def _find_repair_reasons(
    observed: ObservedState, credential: Credential, *, current: Payload | None, now: datetime
) -> Iterator[str]:
    """Why the token in the cluster does not do, however long it is valid."""
    missing = [
        kind for kind, found in (("Secret", observed.secret), ("ConfigMap", observed.config_map)) if found is None
    ]
    key = payload_key(credential)
    if missing:
        yield f"the {missing[0]} is missing" if len(missing) == 1 else "there is no Secret and no ConfigMap"
    elif current is None and FINGERPRINT_ANNOTATION not in get_metadata(observed.config_map, "annotations"):
        yield f"the ConfigMap has no fingerprint of the {key}: something else wrote one of the two"
    elif current is None and parse_expiry(observed.config_map) is None:
        yield f"the ConfigMap's {EXPIRY_KEY} is missing or not a valid timestamp"
    elif current is None:
        yield f"the {key}, its {EXPIRY_KEY} or its token-source is not as it was written"
    elif not is_source_of(current.source, credential):
        yield _explain_source(current.source, credential)
    elif current.expires_at - now > _MAX_VALIDITY:
        yield f"the ConfigMap's {EXPIRY_KEY} is further ahead than a token is valid: clocks differ"
    elif current.refused:
        yield "a registry refused the token when it was written"


def _explain_source(source: str, credential: Credential) -> str:
    """Without its words: whoever has the password can have them vouched for, whatever they are."""
    function = f"{credential.registry} as the function "
    if source.startswith(function) and describe_source(credential).startswith(function):
        return (
            "the token was written by another function's role: another installation, which needs a Secret of its own, "
            f"or this function's role before it was recreated (the ConfigMap's {SOURCE_ANNOTATION} has its id)"
        )
    return (
        f"the token was requested for another registry or by another role (see the ConfigMap's {SOURCE_ANNOTATION}), "
        f"not for {describe_source(credential)}"
    )


def _find_renewal_reasons(
    current: Payload | None, *, now: datetime, renew_before: timedelta, force: bool
) -> Iterator[str]:
    if force:
        yield "a renewal was requested"
    if current and current.expires_at - now < renew_before:
        yield f"{_describe_remaining(current.expires_at - now)}, renewed below {_format_span(renew_before)}"


def _one_line(reason: str) -> str:
    """Parts of it may be somebody's words."""
    return " ".join(reason.split())[:_MAX_REASON]


def _describe_remaining(remaining: timedelta) -> str:
    return f"{_format_span(remaining)} until the token expires" if remaining > timedelta() else "the token has expired"


def _format_span(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    return f"{minutes // 60}h{minutes % 60:02}m"
