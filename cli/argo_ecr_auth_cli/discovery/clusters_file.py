"""Writes the clusters file: sorted, one line for each, so that a diff has one line for each change."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from argo_ecr_auth_cli.discovery.changes import Entry

_HEAD = "# Maintained by argo-ecr-auth settings discover, one target per line. Comments below these lines are lost.\n"
_PLAIN = re.compile("[A-Za-z][A-Za-z0-9_.-]*")


class _Dumper(yaml.SafeDumper):
    """Puts text in quotes that a reader of YAML could take for something else, such as an account for a number."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's own signature
        return True  # an anchor would belong to one line, and its alias to another


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if _PLAIN.fullmatch(text) else '"')


_Dumper.add_representer(str, _represent_text)


def format_clusters(entries: Sequence[Entry], *, before: str = "") -> str:
    """The file's content. `before` is what it had: the comments at its beginning are kept."""
    head = re.match("(?:#.*\n)*", before)
    lines = [f"- {_format_entry(entry)}" for entry in entries]
    return ((head and head[0]) or _HEAD) + ("".join(lines) or "[]\n")


def write_clusters(file: Path, entries: Sequence[Entry]) -> None:
    """Replace the file at once. Raises OSError."""
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    new = file.with_name(f".{file.name}.new")
    new.write_text(format_clusters(entries, before=before), encoding="utf-8")
    new.replace(file)


def _format_entry(entry: Entry) -> str:
    text: str = yaml.dump(dict(entry), Dumper=_Dumper, default_flow_style=True, width=2**31, sort_keys=False)
    return text
