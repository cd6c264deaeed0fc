"""Settings as they are written, before they are validated, and the words for what is wrong with them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

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


@dataclass(frozen=True, kw_only=True)
class Position:
    """Where a key or an item of a list begins in a file; both count from 1."""

    line: int
    column: int


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

    def refuse(self, faults: Iterable[str]) -> SettingsError:
        """The error to raise: each fault (`PATH: WORDS`) with its option, or with file, line and column."""
        return SettingsError(map(self._locate, faults), source=self.source)

    def _locate(self, fault: str) -> str:
        path, _, words = fault.partition(": ")
        if path in self.options:
            return f"{self.options[path]}: {words}"
        position = self._find_position(path.rpartition(" ")[2])  # the second of `targets[0] with credentials[1]`
        return f"{self.source}:{position.line}:{position.column}: {fault}" if position else fault

    def _find_position(self, path: str) -> Position | None:
        """That of the path, or of the nearest part around it, where a key is missing."""
        while path and path not in self.positions:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.positions.get(path)


def as_document(document: object) -> SettingsDocument:
    return document if isinstance(document, SettingsDocument) else SettingsDocument(content=document)


def format_path(path: Path) -> str:
    """A path as people write it: `targets[0].cluster`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")
