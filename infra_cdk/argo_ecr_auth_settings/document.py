"""The settings document before validation, and the error that locates its faults."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from argo_ecr_auth_settings.characters import escape_characters

KeyPath = tuple[str | int, ...]


class SettingsError(ValueError):
    """The settings are invalid. `faults` has one line per fault, with its location.

    The error's text is meant for users: all faults, and if `source` is given, a line before them with their number.
    """

    def __init__(self, faults: Iterable[str], *, source: str | None = None) -> None:
        self.faults = tuple(faults)
        number = len(self.faults)
        head = [f"{source} has {number} error{'s' if number > 1 else ''}:"] if source else []
        super().__init__("\n".join([*head, *self.faults]))


@dataclass(frozen=True, kw_only=True, order=True)
class Position:
    """The start of a key or list item in a file; both numbers count from 1. Of another file it has its name."""

    source: str = ""
    line: int
    column: int


_NOWHERE = Position(line=0, column=0)


@dataclass(frozen=True, kw_only=True)
class SettingsDocument:
    """The content (mappings, lists, strings, booleans and None) and the origin of each part.

    The keys of `positions` and `options` are paths as in a fault (`targets[0].cluster`). The values are the position in
    the file, and the command-line option that set the value (`-c registry`, `--cluster`).
    """

    content: object
    source: str = "the settings document"
    positions: Mapping[str, Position] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    clusters_file: Path | None = None  # the origin of the last targets

    def override(self, values: Mapping[str, object], *, option: str) -> "SettingsDocument":
        """A copy with these keys set. `option` is the format of the option that set a key: `-c {}`, `--{}`."""
        if not isinstance(self.content, dict):
            return self  # validation refuses it
        options = {key: option.format(key) for key in values}
        return replace(self, content={**self.content, **values}, options={**self.options, **options})

    def make_error(self, faults: Iterable[str]) -> SettingsError:
        """The error for these faults (`PATH: TEXT`), in order, each with its option or its file, line and column."""
        located = sorted((self._locate(fault) for fault in faults), key=lambda found: found[0])
        return SettingsError((escape_characters(fault) for _, fault in located), source=self.source)

    def _locate(self, fault: str) -> tuple[Position, str]:
        path, _, text = fault.partition(": ")
        if path in self.options:
            return _NOWHERE, f"{self.options[path]}: {text}"
        path = path.rpartition(" ")[2]  # the second of `targets[0] with credentials[1]`
        while path and path not in self.positions:  # a missing key has no position: use its parent's
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        position = self.positions.get(path, _NOWHERE)
        place = f"{position.source or self.source}:{position.line}:{position.column}"
        return position, fault if position == _NOWHERE else f"{place}: {fault}"


def as_document(document: object) -> SettingsDocument:
    return document if isinstance(document, SettingsDocument) else SettingsDocument(content=document)


def format_path(path: KeyPath) -> str:
    """The path as text on one line: `targets[0].cluster`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{_format_key(step)}" for step in path)
    return text.removeprefix(".")


def _format_key(key: object) -> str:
    text = str(key)
    return text if text and text.isprintable() else ascii(text)
