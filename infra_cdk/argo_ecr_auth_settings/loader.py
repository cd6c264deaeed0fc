"""Loads a settings file, and the clusters file that it names: YAML, with the position of each key.

The synth and the command line use it, so both accept the same files:

    document = load_document(Path("settings.yaml"), remedy="pass --settings FILE")
    settings = validate_settings(document, account=account, region=region)  # validation.py

Without a file, use `make_document(cluster=..., registry=...)`. The SettingsError of both is meant for users.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from argo_ecr_auth_settings.characters import escape_characters
from argo_ecr_auth_settings.document import KeyPath, Position, SettingsDocument, SettingsError
from argo_ecr_auth_settings.field_types import ONE_LINE
from argo_ecr_auth_settings.yaml_errors import explain_yaml_error

ORIGINAL_NAME = "ecr"
"""The name of the original in-cluster tool's repository in Argo CD."""

_NO_CLUSTERS = "run argo-ecr-auth settings discover --write, or write an empty list: []"

_MAX_LEVELS = 20  # settings have six
_MAX_KEY = 1_000  # characters
_MAX_PARTS = 100_000  # read in a second, validated in a few; aliases and merges count each time
_TOO_DEEP = "too many lists or keys within each other"

_TAG = "tag:yaml.org,2002:"


class _Loader(yaml.SafeLoader):
    """Reads plain scalars as strings, except for true, false and null.

    So `verify: off` is not a boolean (as in YAML 1.2, which editors follow), and an account that begins with 0 is not
    an octal number. The settings have no numbers and no dates.
    """

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML's own attribute, filled below


_Loader.add_implicit_resolver(f"{_TAG}bool", re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
_Loader.add_implicit_resolver(f"{_TAG}null", re.compile("^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
_Loader.add_implicit_resolver(f"{_TAG}merge", re.compile("^<<$"), ["<"])


def load_document(file: Path, *, remedy: str, may_lack_clusters: bool = False) -> SettingsDocument:
    """The document of the file, with the targets of the file that its `clusters` names; not validated yet.

    `remedy` says what to do if the file does not exist. With `may_lack_clusters`, that of the clusters need not exist.
    Raises SettingsError.
    """
    name = _get_name(file)
    with _explain_faults(name):
        root = _compose(file, missing=f"there is no {name}: {remedy}")
        if root is None:
            raise SettingsError([f"{name} is empty: start from settings.example.yaml"])
        clusters_file = _append_clusters(root, file=file, may_be_missing=may_lack_clusters)
        reader = _Reader(source=name)
        content = reader.read(root)
    if clusters_file and isinstance(content, dict):
        del content["clusters"]
    return SettingsDocument(content=content, source=name, positions=reader.positions, clusters_file=clusters_file)


def make_document(
    *, cluster: str, registry: str, cluster_option: str = "--cluster", registry_option: str = "--registry"
) -> SettingsDocument:
    """A document with one cluster and one registry, as the original tool has it. Faults name the option."""
    return SettingsDocument(
        content={"targets": [{"cluster": cluster}], "credentials": [{"registry": registry, "name": ORIGINAL_NAME}]},
        source="the command line",
        options={("targets", 0, "cluster"): cluster_option, ("credentials", 0, "registry"): registry_option},
    )


def _get_name(file: Path) -> str:
    return file.name if file.is_absolute() else str(file)


@contextmanager
def _explain_faults(name: str) -> Iterator[None]:
    """Raise as SettingsError what is wrong with the file of this name, or with the file of a mark."""
    try:
        yield
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"{name}: cannot be read: {error}"]) from None
    except yaml.MarkedYAMLError as error:
        mark, words = explain_yaml_error(error)
        place = _format_place(mark) if mark else name
        raise SettingsError([escape_characters(f"{place}: cannot be read: {words}")]) from None
    except yaml.YAMLError as error:
        raise SettingsError([f"{name}: cannot be read: {' '.join(str(error).split())}"]) from None
    except RecursionError:
        raise SettingsError([f"{name}: {_TOO_DEEP}"]) from None


def _compose(file: Path, *, missing: str) -> yaml.Node | None:
    with _explain_faults(_get_name(file)):
        try:
            text = file.read_text(encoding="utf-8")
            loader = _Loader(text)
        except FileNotFoundError:
            raise SettingsError([missing]) from None
        except yaml.reader.ReaderError as error:
            lines = text[: error.position].split("\n")
            mark = yaml.Mark(_get_name(file), error.position, len(lines) - 1, len(lines[-1]), None, 0)
            raise _make_error(mark, f"YAML has no character U+{ord(text[error.position]):04X}") from None
        loader.name = _get_name(file)  # of its marks
        try:
            root: yaml.Node | None = loader.get_single_node()
        finally:
            loader.dispose()
    return root


def _append_clusters(root: yaml.Node, *, file: Path, may_be_missing: bool) -> Path | None:
    """Append the targets of the file that `clusters` names; None if it names none. Validation refuses other values."""
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    pair = next(((key, value) for key, value in pairs if key.value == "clusters"), None)
    own = next((value for key, value in pairs if key.value == "targets"), None)
    named = pair is not None and pair[1].tag == f"{_TAG}str" and re.fullmatch(ONE_LINE, pair[1].value)
    if pair is None or not named or not isinstance(own, yaml.SequenceNode | None):
        return None
    clusters_file = file.parent / str(pair[1].value)
    missing = f"{_format_place(pair[0].start_mark)}: clusters: there is no {_get_name(clusters_file)}: {_NO_CLUSTERS}"
    found = None if may_be_missing and not clusters_file.exists() else _compose(clusters_file, missing=missing)
    if not isinstance(found, yaml.SequenceNode | None):
        raise _make_error(found.start_mark, "not a list of targets")
    more = found or yaml.SequenceNode(f"{_TAG}seq", [], pair[0].start_mark)
    if own is None:
        pairs.append((yaml.ScalarNode(f"{_TAG}str", "targets", more.start_mark), more))
    else:
        own.value.extend(more.value)
    return clusters_file


class _Reader:
    """Converts YAML nodes to values and records their positions."""

    def __init__(self, *, source: str) -> None:
        self._source = source
        self.positions: dict[KeyPath, Position] = {}
        self._parts = 0

    def read(self, node: yaml.Node, path: KeyPath = (), *, mark: yaml.Mark | None = None) -> object:
        """The node's value. `mark` is the mark of its key."""
        mark = mark or node.start_mark
        source = "" if mark.name == self._source else mark.name
        self.positions[path] = Position(source=source, line=mark.line + 1, column=mark.column + 1)
        if len(path) > _MAX_LEVELS:
            raise _make_error(mark, _TOO_DEEP)
        self._count_part(mark)
        match node, node.tag.removeprefix(_TAG):
            case yaml.MappingNode(), "map":
                return self._read_mapping(node, path)
            case yaml.SequenceNode(), "seq":
                return [self.read(item, (*path, i)) for i, item in enumerate(node.value)]
            case yaml.ScalarNode(), "str":
                return _read_text(node)
            case yaml.ScalarNode(), "null":
                return None
            case yaml.ScalarNode(), "bool" if node.value.lower() in {"true", "false"}:
                return bool(node.value.lower() == "true")
            case _, tag:
                raise _make_error(node.start_mark, f"settings have no values of the type {tag}")

    def _read_mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, object]:
        merged: dict[str, object] = {}
        own: dict[str, object] = {}
        # Merged mappings come first, so that the positions of the mapping's own keys win.
        for key, value in sorted(node.value, key=lambda pair: pair[0].tag != f"{_TAG}merge"):
            mark = key.start_mark
            if key.tag == f"{_TAG}merge":
                for name, found in self._read_merged(value, path).items():
                    merged.setdefault(name, found)
            elif key.tag != f"{_TAG}str":
                raise _make_error(mark, "a key must be text: put it in quotes")
            elif len(key.value) > _MAX_KEY:
                raise _make_error(mark, f"a key has more than {_MAX_KEY:,} characters")
            elif key.value in own:
                raise _make_error(mark, f"the key {key.value} is given twice")
            else:
                own[key.value] = self.read(value, (*path, key.value), mark=mark)
        return merged | own

    def _read_merged(self, node: yaml.Node, path: KeyPath) -> dict[str, object]:
        found: dict[str, object] = {}
        for part in reversed(node.value) if isinstance(node, yaml.SequenceNode) else [node]:
            if not isinstance(part, yaml.MappingNode):
                raise _make_error(part.start_mark, "<< takes a mapping, or a list of mappings")
            self._count_part(part.start_mark)
            found |= self._read_mapping(part, path)
        return found

    def _count_part(self, mark: yaml.Mark) -> None:
        self._parts += 1
        if self._parts > _MAX_PARTS:
            raise _make_error(mark, f"more than {_MAX_PARTS:,} values: do aliases repeat each other?")


def _read_text(node: yaml.ScalarNode) -> str:
    text = str(node.value)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _make_error(node.start_mark, f"{text[error.start]!a} is half of a character") from None
    return text


def _format_place(mark: yaml.Mark) -> str:
    return f"{mark.name}:{mark.line + 1}:{mark.column + 1}"


def _make_error(mark: yaml.Mark, words: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=words, problem_mark=mark)
