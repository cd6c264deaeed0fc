"""Decides what to do with a credential: nothing, a repair with the token in the cluster, or a new token."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from argo_ecr_auth.core.authorization_token import TOKEN_LIFETIME, AuthorizationToken
from argo_ecr_auth.core.diff import Change, diff_objects
from argo_ecr_auth.core.manifests import (
    FINGERPRINT_ANNOTATION,
    LIFETIME_ANNOTATION,
    SOURCE_ANNOTATION,
    Payload,
    describe_source,
    is_source_of,
    make_payload,
    payload_key,
    read_payload_text,
)
from argo_ecr_auth.core.observed import ObservedState, get_metadata
from argo_ecr_auth.core.registry import Registry, is_registry
from argo_ecr_auth.core.targets import Credential
from argo_ecr_auth.core.timestamps import EXPIRY_KEY, parse_expiry

_MAX_REASON = 300
_CLOCK_SKEW = timedelta(minutes=5)  # and how late a schedule may be
_MAX_VALIDITY = TOKEN_LIFETIME + _CLOCK_SKEW
_MAX_JITTER = timedelta(hours=1)
_PROBE_EVERY = timedelta(hours=1)
_SECONDS = re.compile(r"[0-9]{1,6}")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to do with a credential, and why."""

    action: str  # fresh, created, renewed, repaired
    reasons: tuple[str, ...]
    needs_token: bool
    is_due: bool  # for a reason that a new token settles even if a registry refuses it
    current: Payload | None  # the token in the cluster, where its ConfigMap vouches for it
    kept: Payload | None  # the current one, where it serves until the next check: no refused token replaces it
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


def compute_threshold(
    target: str, *, renew_before: timedelta, lifetime: timedelta, check_every: timedelta
) -> timedelta:
    """How much of a token's lifetime is left when it is renewed: `renew_before`, or half of a shorter one's lifetime.

    Earlier by the target's share of up to an hour, stable, so that a thousand do not renew at once; and in time for the
    next check. By at most half of the time that is left until then, else a new token would be due at once.
    """
    latest = max(min(renew_before, lifetime / 2), check_every + _CLOCK_SKEW)
    return latest + max(timedelta(), min(_MAX_JITTER, (lifetime - latest) / 2)) * _compute_share(target)


def is_probe_due(target: str, credential: Credential, *, now: datetime, check_every: timedelta) -> bool:
    """Whether this check tries the token in the cluster at its registry: about one an hour does.

    The first check after a moment of the hour that is the credential's own. So nothing needs to be stored, and a
    thousand clusters do not ask at once.
    """
    offset = _PROBE_EVERY * _compute_share(f"{target} {credential.namespace}/{credential.secret_name}")
    since = timedelta(seconds=(now.timestamp() - offset.total_seconds()) % _PROBE_EVERY.total_seconds())
    return since < check_every


def make_plan(
    observed: ObservedState,
    *,
    target: str,
    credential: Credential,
    now: datetime,
    renew_before: timedelta,
    check_every: timedelta,
    rejection: str | None = None,
    force: bool = False,
) -> Plan:
    """Compare what the cluster holds with what is desired.

    `rejection` says how a registry rejected the token in the cluster, if one did.
    """
    current = recognize_payload(observed, credential)
    repairs = tuple(_find_repair_reasons(observed, credential, current=current, now=now))
    lifetime = current.lifetime if current else TOKEN_LIFETIME
    threshold = compute_threshold(target, renew_before=renew_before, lifetime=lifetime, check_every=check_every)
    due = tuple(_find_renewal_reasons(current, now=now, threshold=threshold, rejection=rejection, force=force))
    is_marked = current is not None and current.refused
    mark = ("a registry refused the token when it was written",) if is_marked and not repairs else ()
    needs_token = bool(repairs or due or mark)
    changes = tuple(diff_objects(observed, credential, payload=None if needs_token else current))
    drift = () if not (observed.secret and observed.config_map) else tuple(map(str, changes))
    left = current.expires_at - now if current else timedelta()
    is_new = observed.secret is None and observed.config_map is None
    return Plan(
        action="created" if is_new else "repaired" if repairs or mark or drift else "renewed" if due else "fresh",
        reasons=tuple(_one_line(reason) for reason in (*repairs, *mark, *due, *drift)),
        needs_token=needs_token,
        is_due=bool(repairs or due),
        current=current,
        kept=current if left > check_every + _CLOCK_SKEW and rejection is None else None,
        may_put_back=current is not None
        and left > timedelta()
        and bool(drift)
        and is_source_of(current.source, credential),
        changes=changes,
    )


def choose_payload(
    plan: Plan,
    credential: Credential,
    *,
    found: str,
    tokens: Mapping[Registry, AuthorizationToken],
    refused: AbstractSet[Registry],
    now: datetime,
) -> Payload | None:
    """The payload to write, None for none.

    `tokens` are the new ones that were to be had, `refused` the registries that refuse theirs, and `found` what the
    Secret holds. A refused token does not replace one that serves until the next check. If there is none, it is
    written anyway.
    """
    accepted = {registry: token for registry, token in tokens.items() if registry not in refused}
    if plan.needs_token and len(accepted) == len(credential.registries):
        return make_payload(credential, accepted, now=now)
    new = tokens if plan.kept is None else accepted if plan.is_due else {}
    if plan.needs_token and new:
        return make_payload(credential, new, now=now, kept=plan.kept, found=found, refused=True)
    return plan.current if plan.may_put_back or not plan.needs_token else None


def recognize_payload(observed: ObservedState, credential: Credential) -> Payload | None:
    """The token in the cluster as its ConfigMap describes it, None where the fingerprint does not vouch for all of it.

    The fingerprint also tells whether the token was refused: the annotation that says so is for people.
    """
    text, expires_at = read_payload_text(observed.secret, credential), parse_expiry(observed.config_map)
    annotations = get_metadata(observed.config_map, "annotations")
    seconds = str(annotations.get(LIFETIME_ANNOTATION, ""))
    if not text or expires_at is None or not _SECONDS.fullmatch(seconds):
        return None
    payload = Payload(
        text=text,
        expires_at=expires_at,
        lifetime=timedelta(seconds=int(seconds)),
        source=annotations.get(SOURCE_ANNOTATION, ""),
    )
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
        yield f"the {key}, its {EXPIRY_KEY}, its lifetime or its token-source was changed after it was written"
    elif not is_source_of(current.source, credential):
        yield _explain_source(current.source, credential)
    elif current.expires_at - now > _MAX_VALIDITY:
        yield f"the ConfigMap's {EXPIRY_KEY} is further in the future than any token is valid: the clocks differ"


def _explain_source(source: str, credential: Credential) -> str:
    """Of its words only registries' hosts: whoever has the password can have any words vouched for."""
    anyone = replace(credential, role_id=None)
    written, by, _ = source.partition(" as ")
    is_readable = bool(by) and all(is_registry(host) for host in written.split(","))
    if is_source_of(source, anyone):
        who = "the role" if credential.role else "the function's role"
        other = "" if credential.role else " another installation, which needs a Secret of its own, or"
        return (
            f"the token was requested by another role of this name:{other} {who} before it was recreated (the "
            f"ConfigMap's {SOURCE_ANNOTATION} has its ID)"
        )
    if is_readable and written != credential.registry:
        return f"the settings name another registry: was {written}, now {credential.registry}"
    what = "by another role" if is_readable else "for another registry or by another role"
    return (
        f"the token was requested {what} (see the ConfigMap's {SOURCE_ANNOTATION}), "
        f"not for {describe_source(credential)}"
    )


def _find_renewal_reasons(
    current: Payload | None, *, now: datetime, threshold: timedelta, rejection: str | None, force: bool
) -> Iterator[str]:
    if force:
        yield "a renewal was requested"
    if rejection is not None:
        yield f"the token in the cluster is rejected: {rejection}"
    if current and current.expires_at - now < threshold:
        yield f"{_describe_remaining(current.expires_at - now)}, renewed below {_format_span(threshold)}"


def _compute_share(name: str) -> float:
    """From 0 to 1, the same for a name at any time."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) / 2**32


def _one_line(reason: str) -> str:
    """Parts of it may be somebody's words."""
    return " ".join(reason.split())[:_MAX_REASON]


def _describe_remaining(remaining: timedelta) -> str:
    return f"{_format_span(remaining)} until the token expires" if remaining > timedelta() else "the token has expired"


def _format_span(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    return f"{minutes // 60}h{minutes % 60:02}m"
