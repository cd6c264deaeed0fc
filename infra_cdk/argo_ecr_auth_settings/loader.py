"""Reads a settings file: YAML, with the place of each key.

The synth and the command line read by it, so that both accept the same files:

    document = load_document(Path("settings.yaml"), remedy="give --settings FILE")
    settings = read_settings(document, account=account, region=region)  # validation.py

and without a file, `make_document(cluster=..., registry=...)`. Both raise SettingsError, whose text is for people.
"""

import re
from pathlib import Path as FilePath

import yaml

from argo_ecr_auth_settings.document import Path, Position, SettingsDocument, SettingsError, format_path

ORIGINAL_NAME = "ecr"
"""What the original in-cluster tool calls the repository in Argo CD."""

_MOST_LEVELS = 20  # settings have six
_MOST_PARTS = 1_000_000
_TOO_DEEP = "too many lists or keys within each other"

_TAG = "tag:yaml.org,2002:"


class _Loader(yaml.SafeLoader):
    """A plain scalar is text, except for true, false and null.

    So that `verify: off` is no boolean (as in YAML 1.2, by which editors go), and an account that begins with 0 is not
    read as an octal number: the settings have no numbers and no dates.
    """

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML's own attribute, filled below


_Loader.add_implicit_resolver(f"{_TAG}bool", re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
_Loader.add_implicit_resolver(f"{_TAG}null", re.compile("^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
_Loader.add_implicit_resolver(f"{_TAG}merge", re.compile("^<<$"), ["<"])


def load_document(file: FilePath, *, remedy: str) -> SettingsDocument:
    """The file's settings, not validated yet. `remedy` is what to do where there is no such file.

    Raises SettingsError.
    """
    name = file.name if file.is_absolute() else str(file)
    try:
        root = yaml.compose(file.read_text(encoding="utf-8"), Loader=_Loader)
        if root is None:
            raise SettingsError([f"{name} is empty: start from settings.example.yaml"])
        reader = _Reader()
        content = reader.read(root)
    except FileNotFoundError:
        raise SettingsError([f"there is no {name}: {remedy}"]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"{name}: cannot be read: {error}"]) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        words = " ".join(filter(None, (error.context, error.problem)))
        raise SettingsError([f"{place}: cannot be read: {words}"]) from None
    except yaml.YAMLError as error:
        raise SettingsError([f"{name}: cannot be read: {' '.join(str(error).split())}"]) from None
    except RecursionError:
        raise SettingsError([f"{name}: {_TOO_DEEP}"]) from None
    return SettingsDocument(content=content, source=name, positions=reader.positions)


def make_document(
    *, cluster: str, registry: str, cluster_option: str = "--cluster", registry_option: str = "--registry"
) -> SettingsDocument:
    """One cluster with one registry, in the original tool's shape; a fault of either names the option that gave it."""
    return SettingsDocument(
        content={"targets": [{"cluster": cluster}], "credentials": [{"registry": registry, "name": ORIGINAL_NAME}]},
        source="the command line",
        options={"targets[0].cluster": cluster_option, "credentials[0].registry": registry_option},
    )


class _Reader:
    """Turns YAML's nodes into values, and notes the position of each."""

    def __init__(self) -> None:
        self.positions: dict[str, Position] = {}

    def read(self, node: yaml.Node, path: Path = (), *, mark: yaml.Mark | None = None) -> object:
        """The node's value; `mark` is that of its key."""
        mark = mark or node.start_mark
        self.positions[format_path(path)] = Position(line=mark.line + 1, column=mark.column + 1)
        if len(path) > _MOST_LEVELS or len(self.positions) > _MOST_PARTS:
            raise _refuse(mark, _TOO_DEEP)
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
                raise _refuse(node.start_mark, f"settings hold nothing of the type {tag}")

    def _read_mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, object]:
        merged: dict[str, object] = {}
        own: dict[str, object] = {}
        # What is merged comes first, so that the position is that of the mapping's own key.
        for key, value in sorted(node.value, key=lambda pair: pair[0].tag != f"{_TAG}merge"):
            mark = key.start_mark
            if key.tag == f"{_TAG}merge":
                merged = self._read_merged(value, path) | merged
            elif key.tag != f"{_TAG}str":
                raise _refuse(mark, "a key must be text: put it in quotes")
            elif key.value in own:
                raise _refuse(mark, f"the key {key.value} is given twice")
            else:
                own[key.value] = self.read(value, (*path, key.value), mark=mark)
        return merged | own

    def _read_merged(self, node: yaml.Node, path: Path) -> dict[str, object]:
        found: dict[str, object] = {}
        for part in reversed(node.value) if isinstance(node, yaml.SequenceNode) else [node]:
            if not isinstance(part, yaml.MappingNode):
                raise _refuse(part.start_mark, "<< takes a mapping, or a list of mappings")
            found |= self._read_mapping(part, path)
        return found


def _read_text(node: yaml.ScalarNode) -> str:
    text = str(node.value)
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise _refuse(node.start_mark, f"{text!a} is half of a character")
    return text


def _refuse(mark: yaml.Mark, words: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=words, problem_mark=mark)
