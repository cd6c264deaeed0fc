"""Settings as they are written, before they are validated, and the words for what is wrong with them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

Path = tuple[str | int, ...]


class SettingsError(ValueError):
    """The settings are refused; `faults` says why, one line each, with its place.

    The text of the error is for people as it is: all faults, after a line that counts them where `source` is given.
    """

    def __init__(self, faults: Iterable[str], *, source: str | None = None) -> None:
        self.faults = tuple(faults)
        number = len(self.faults)
        head = [f"{source} has {number} error{'s' if number > 1 else ''}:"] if source else []
        super().__init__("\n".join([*head, *self.faults]))


@dataclass(frozen=True, kw_only=True, order=True)
class Position:
    """Where a key or an item of a list begins in a file; both count from 1."""

    line: int
    column: int


_NOWHERE = Position(line=0, column=0)


@dataclass(frozen=True, kw_only=True)
class SettingsDocument:
    """Mappings, lists, texts, booleans and None (`content`), and where each part is written.

    `positions` and `options` are by path, spelled as in a fault (`targets[0].cluster`): the place in the file, or the
    option of a command that gave the value (`-c registry`, `--cluster`).
    """

    content: object
    source: str = "the settings document"
    positions: Mapping[str, Position] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)

    def override(self, values: Mapping[str, object], *, option: str) -> "SettingsDocument":
        """The document with these keys; `option` spells the option that gave one: `-c {}`, `--{}`."""
        if not isinstance(self.content, dict):
            return self  # which is refused for that
        options = {key: option.format(key) for key in values}
        return replace(self, content={**self.content, **values}, options={**self.options, **options})

    def refuse(self, faults: Iterable[str]) -> SettingsError:
        """The error to raise: each fault (`PATH: WORDS`) with its option, or with file, line and column; in order."""
        located = sorted((self._locate(fault) for fault in faults), key=lambda found: found[0])
        return SettingsError((fault for _, fault in located), source=self.source)

    def _locate(self, fault: str) -> tuple[Position, str]:
        path, _, words = fault.partition(": ")
        if path in self.options:
            return _NOWHERE, f"{self.options[path]}: {words}"
        path = path.rpartition(" ")[2]  # the second of `targets[0] with credentials[1]`
        while path and path not in self.positions:  # of a key that is missing: what is around it
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        position = self.positions.get(path, _NOWHERE)
        return position, fault if position == _NOWHERE else f"{self.source}:{position.line}:{position.column}: {fault}"


def as_document(document: object) -> SettingsDocument:
    return document if isinstance(document, SettingsDocument) else SettingsDocument(content=document)


def format_path(path: Path) -> str:
    """A path as people write it, on one line: `targets[0].cluster`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{_format_key(step)}" for step in path)
    return text.removeprefix(".")


def _format_key(key: object) -> str:
    text = str(key)
    return text if text and text.isprintable() else ascii(text)
