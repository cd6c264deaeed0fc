"""The settings as they are written: in the deployment's file, or by --cluster and --registry."""

import argparse
import shlex
from pathlib import Path
from typing import Any

import yaml

from argo_ecr_auth_cli.terminal.exits import USAGE, CommandError

DEFAULT_FILE = "settings.yaml"

_REPEATED = ("settings", "cluster", "registry", "installation", "profile", "region")


class _Loader(yaml.SafeLoader):
    """As YAML says, and PyYAML does not: a key that is there twice is a fault, for the synth too."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys: set[str] = set()
        for key, _ in node.value:
            if isinstance(key.value, str):
                if key.value in keys:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key.value} is there twice", key.start_mark
                    )
                keys.add(key.value)
        return super().construct_mapping(node, deep=deep)


def read_settings_document(options: argparse.Namespace) -> dict[str, Any]:
    """The document of a command's options, not validated yet. Raises CommandError."""
    if (options.cluster is None) != (options.registry is None):
        raise CommandError("--cluster and --registry go together", code=USAGE)
    if options.cluster is not None and options.settings is not None:
        raise CommandError("--settings, or --cluster and --registry: give one of them", code=USAGE)
    if options.cluster is not None:
        return {"targets": [{"cluster": options.cluster}], "credentials": [{"registry": options.registry}]}
    file = Path(options.settings or DEFAULT_FILE)
    try:
        document = yaml.load(file.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - it is a safe one
    except FileNotFoundError:
        raise CommandError(
            f"there is no {file}: give --settings FILE, or --cluster NAME --registry HOST for one of each", code=USAGE
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} cannot be read: {error}", code=USAGE) from None
    except yaml.YAMLError as error:
        raise CommandError(f"{file} is not YAML: {' '.join(str(error).split())}", code=USAGE) from None
    except ValueError as error:  # what looks like a date and is none
        raise CommandError(f"{file} holds a value that is none: {error}; put it in quotes", code=USAGE) from None
    if not isinstance(document, dict):
        raise CommandError(f"{file} holds no settings: settings.example.yaml shows some", code=USAGE)
    return document


def format_shared_options(options: argparse.Namespace) -> str:
    """The options that another command needs as well, to speak of the same installation with the same rights."""
    given = {name: getattr(options, name, None) for name in _REPEATED}
    return "".join(f" --{name} {shlex.quote(value)}" for name, value in given.items() if value)
