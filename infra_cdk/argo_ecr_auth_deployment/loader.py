"""Where the settings come from: a file, and what CDK's context (`-c KEY=VALUE`) says over it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from argo_ecr_auth_deployment.validation import SettingsError

OVERRIDING = ("check_every", "runtime", "architecture", "installation")
"""Keys of the settings that may be given as context too."""


class _Loader(yaml.SafeLoader):
    """As YAML says, and PyYAML does not: a key that is there twice is a fault, not the last one's."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key is no text", key.start_mark)
            if key.value in keys:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value} is there twice", key.start_mark
                )
            keys.add(key.value)
        return super().construct_mapping(node, deep=deep)


_REMEDY = (
    "copy settings.example.yaml to settings.yaml and fill it in, or give -c settings=FILE, "
    "or -c cluster=NAME -c registry=HOST for one of everything"
)


_DEEPEST = 20  # settings have six levels
_TOO_DEEP = "lists or keys within each other without an end, or too many"


def settings_document(context: Callable[[str], Any], *, default_file: Path) -> object:
    """The settings as they are written, not validated yet.

    `-c cluster=NAME -c registry=HOST` is one of everything, without a file; else it is `-c settings=FILE`, else the
    default file. Raises SettingsError where there is none of it, or too much.
    """
    document = _document(context, default_file=default_file)
    given = {key: context(key) for key in OVERRIDING if context(key) is not None}
    return {**document, **given} if isinstance(document, dict) else document


def _document(context: Callable[[str], Any], *, default_file: Path) -> object:
    file, cluster, registry = (context(key) for key in ("settings", "cluster", "registry"))
    if cluster is None and registry is None:
        path = Path(file) if file else default_file
        document = _parsed(path)
        if fault := next(_oddities(document), None):
            raise SettingsError([f"{path.name}: {fault}"])
        return document
    if file:
        raise SettingsError(["-c settings: is given beside -c cluster and -c registry; give either"])
    if cluster is None or registry is None:
        given, missing = ("cluster", "registry") if registry is None else ("registry", "cluster")
        raise SettingsError([f"-c {missing}: missing; it goes with -c {given}"])
    return {"targets": [{"cluster": cluster}], "credentials": [{"registry": registry}]}


def _parsed(file: Path) -> object:
    try:
        return yaml.load(file.read_text(), Loader=_Loader)  # noqa: S506 - it is a safe one
    except FileNotFoundError:
        raise SettingsError(
            [f"there is no {file.name}: {_REMEDY}"],
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"{file.name} cannot be read: {error}"]) from None
    except yaml.YAMLError as error:
        raise SettingsError([f"{file.name} is not YAML: {' '.join(str(error).split())}"]) from None
    except RecursionError:
        raise SettingsError([f"{file.name}: {_TOO_DEEP}"]) from None
    except ValueError as error:
        # Of what looks like a date or a number: PyYAML lets Python's own error through.
        raise SettingsError([f"{file.name} has a value that is no date or number: {error}"]) from None


def _oddities(document: object, depth: int = 0) -> Iterator[str]:
    """What YAML allows and no settings are: without end (a list that holds itself), or what no file can hold."""
    if depth > _DEEPEST:
        yield _TOO_DEEP
    elif isinstance(document, str):
        if any("\ud800" <= character <= "\udfff" for character in document):
            yield f"{document!a} is half of a character"
    elif isinstance(document, dict | list):
        parts = [*document, *document.values()] if isinstance(document, dict) else document
        for part in parts:
            yield from _oddities(part, depth + 1)
