"""Compares the record of the deployed stack with the settings: what a deployment adds, changes and removes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from argo_ecr_auth.core.authorization_token import TOKEN_LIFETIME
from argo_ecr_auth_settings.record import InstallationRecord, TargetRecord
from argo_ecr_auth_settings.settings import parse_duration

_MAX_LINES = 20
_HOURS = TOKEN_LIFETIME // timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Change:
    """What changes for one target, and its Secrets that nothing renews afterward (`lost`)."""

    target: str
    facts: tuple[str, ...]
    lost: tuple[str, ...]
    is_removal: bool  # of the target, its schedule or a Secret


def list_changes(before: InstallationRecord, after: InstallationRecord) -> list[Change]:
    """The changes of the targets, removals first."""
    renewed = {
        (target.cluster, secret) for target in after.targets.values() if target.enabled for secret in target.secrets
    }
    changes = []
    for name in dict.fromkeys((*before.targets, *after.targets)):
        old, new = before.targets.get(name), after.targets.get(name)
        lost = tuple(s for s in old.secrets if (old.cluster, s) not in renewed) if old and old.enabled else ()
        stops = old is not None and old.enabled and not (new and new.enabled) and len(lost) == len(old.secrets)
        facts = [*_compare(old, new, lost=lost)]
        if old and new and old.cluster and (old.check_every or new.check_every):
            facts += _compare_intervals(old.check_every or before.check_every, new.check_every or after.check_every)
        if stops:
            facts.append("nothing will renew its tokens")
        elif lost:
            facts.append(f"nothing will renew the tokens of {', '.join(lost)}")
        if facts:
            changes.append(
                Change(target=name, facts=tuple(facts), lost=lost, is_removal=stops or bool(lost) or new is None)
            )
    return sorted(changes, key=lambda change: not change.is_removal)


def format_changes(
    changes: Sequence[Change], *, expiries: Mapping[tuple[str, str], datetime], now: datetime
) -> Iterator[str]:
    """A line for each change. `expiries` has the known ones, by target and Secret."""
    for change in changes[:_MAX_LINES]:
        line = f"  {change.target}: {', '.join(change.facts)}"
        if change.facts[-1].startswith("nothing "):
            known = [expiries[change.target, secret] for secret in change.lost if (change.target, secret) in expiries]
            line += f"; the {'first' if change.lost[1:] else 'current'} one {_describe_expiry(known, now=now)}"
        yield line
    if len(changes) > _MAX_LINES:
        yield f"  and {len(changes) - _MAX_LINES} more targets"


def _compare(old: TargetRecord | None, new: TargetRecord | None, *, lost: Sequence[str]) -> Iterator[str]:
    if new is None:
        yield "removed"
    elif old is None:
        yield f"new{'' if new.enabled else ', disabled'}, writes {', '.join(new.secrets)}"
    elif old.cluster:
        if old.enabled != new.enabled:
            yield "enabled" if new.enabled else "disabled"
        if old.cluster != new.cluster:
            yield f"writes to the cluster {new.cluster} instead of {old.cluster}"
        if added := [secret for secret in new.secrets if secret not in old.secrets]:
            yield f"also writes {', '.join(added)}"
        if gone := [secret for secret in old.secrets if secret not in new.secrets and secret not in lost]:
            yield f"no longer writes {', '.join(gone)}"
        for secret, registry in new.secrets.items():
            if secret in old.secrets and registry != old.secrets[secret]:
                yield f"{secret} gets tokens of {registry} instead of {old.secrets[secret]}"


def _compare_intervals(old: str, new: str) -> Iterator[str]:
    if parse_duration(old) != parse_duration(new):
        yield f"checked every {new} instead of {old}"


def _describe_expiry(known: Sequence[datetime], *, now: datetime) -> str:
    if not known:
        return f"expires within {_HOURS}h"
    minutes = int((min(known) - now).total_seconds()) // 60
    return f"expires in {minutes // 60}h{minutes % 60:02}m" if minutes >= 0 else "has expired"
