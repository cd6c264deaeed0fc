"""The settings document before validation, its faults, and the error that locates them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from argo_ecr_auth_settings.characters import escape_characters

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong with the value at a path, and what is allowed."""

    path: KeyPath
    text: str
    target: KeyPath = ()  # the one in which a value of all targets is wrong

    def __str__(self) -> str:
        return f"{format_place(self.path, target=self.target) or 'settings'}: {self.text}"


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

    The values of `positions` and `options` are the position in the file, and the command-line option that set the value
    (`-c registry`, `--cluster`).
    """

    content: object
    source: str = "the settings document"
    positions: Mapping[KeyPath, Position] = field(default_factory=dict)
    options: Mapping[KeyPath, str] = field(default_factory=dict)
    clusters_file: Path | None = None  # the origin of the last targets

    def override(self, values: Mapping[str, object], *, option: str) -> "SettingsDocument":
        """A copy with these keys set. `option` is the format of the option that set a key: `-c {}`, `--{}`."""
        if not isinstance(self.content, dict):
            return self  # validation refuses it
        options: dict[KeyPath, str] = {(key,): option.format(key) for key in values}
        return replace(self, content={**self.content, **values}, options={**self.options, **options})

    def make_error(self, faults: Iterable[Fault]) -> SettingsError:
        """The error for these faults, in order, each with its option or its file, line and column."""
        located = sorted((self._locate(fault) for fault in faults), key=lambda found: found[0])
        return SettingsError((escape_characters(line) for _, line in located), source=self.source)

    def _locate(self, fault: Fault) -> tuple[Position, str]:
        if option := self.options.get(fault.path):
            return _NOWHERE, f"{option}: {fault.text}"
        path = fault.path
        while path and path not in self.positions:  # a missing key has no position: use its parent's
            path = path[:-1]
        position = self.positions.get(path, _NOWHERE)
        place = f"{position.source or self.source}:{position.line}:{position.column}"
        return position, str(fault) if position == _NOWHERE else f"{place}: {fault}"


def as_document(document: object) -> SettingsDocument:
    return document if isinstance(document, SettingsDocument) else SettingsDocument(content=document)


def make_fault(key: str, text: str) -> Fault:
    """A fault of one of the keys of what is checked."""
    return Fault(path=(key,), text=text)


def below(path: KeyPath, faults: Iterable[Fault]) -> Iterator[Fault]:
    """The faults of a part of the document, with their paths in the whole."""
    yield from (replace(fault, path=(*path, *fault.path)) for fault in faults)


def format_path(path: KeyPath) -> str:
    """The path as text on one line: `targets[0].cluster`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{_format_key(step)}" for step in path)
    return text.removeprefix(".")


def format_place(path: KeyPath, *, target: KeyPath = ()) -> str:
    """The path, for one target: `targets[0] with credentials[1]`."""
    return " with ".join(map(format_path, filter(None, (target, path))))


def _format_key(key: object) -> str:
    text = str(key)
    return text if text and text.isprintable() else ascii(text)
