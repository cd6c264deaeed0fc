"""The events that the function takes, and the targets that each means."""

from collections.abc import Sequence
from typing import Any

import msgspec

from argo_ecr_auth.core.targets import Target

MAX_TARGETS = 100
"""In one run: with 16 side by side, a second each when all is cold, they leave room for slow ones within a minute."""

_EXPECTED = 'expected {} or {"targets": ["NAME", ...], "dry_run": true, "force": true}, each key optional'


class EventError(ValueError):
    """The event asks for nothing that the function does; the message says what was expected."""


class Event(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A run of the named targets, or of all enabled ones."""

    targets: tuple[str, ...] | None = None
    dry_run: bool = False
    force: bool = False  # renew although nothing is due
    scheduled: bool = False  # nobody reads the answer: a failed run's error does not repeat the log's lines


def parse_event(event: Any) -> Event:
    """Read an event as Lambda gives it. Raises EventError."""
    try:
        return msgspec.convert(event, type=Event)
    except (msgspec.ValidationError, UnicodeEncodeError) as fault:
        raise EventError(f"{_quote(str(fault), most=300)}: {_EXPECTED}") from None


def select_targets(targets: Sequence[Target], event: Event) -> tuple[Target, ...]:
    """The targets that the event names, or every enabled one. Raises EventError."""
    if event.targets is None:
        named = [target for target in targets if target.enabled]
    else:
        by_name = {target.name: target for target in targets}
        unknown = [name for name in event.targets if name not in by_name]
        if unknown:
            raise EventError(f"no target is named {_some(unknown)}: the settings have {_some(list(by_name))}")
        named = [by_name[name] for name in dict.fromkeys(event.targets)]
    if not named:
        raise EventError(f"no target is named or enabled: {_EXPECTED}")
    if len(named) > MAX_TARGETS:
        raise EventError(f"{len(named)} targets are more than one run does: name at most {MAX_TARGETS} in `targets`")
    return tuple(named)


def _some(names: list[str]) -> str:
    few = 10
    shown = ", ".join(_quote(name, most=100) for name in names[:few])
    return shown + (f" and {len(names) - few} more" if len(names) > few else "")


def _quote(text: str, *, most: int) -> str:
    """In printable ASCII: an event may hold half a character, which no log can, or a terminal's own commands."""
    return "".join(
        character if character.isascii() and character.isprintable() else character.encode("unicode_escape").decode()
        for character in text[:most]
    )
