"""Reads the CDK context for a synth without the CDK CLI, from the same places as the CLI."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_OWN = Path(__file__).with_name("cdk.json")  # in the wheel
_CHECKOUT = Path(__file__).parents[2] / "cdk.json"
# What the CLI adds and what affects a template.
_BY_CLI = {"aws:cdk:enable-path-metadata": True, "aws:cdk:version-reporting": True}


class ContextError(Exception):
    """An option `-c` or a file of CDK's cannot be read; the message says which."""


def read_context(given: Sequence[str], *, directory: Path, home: Path) -> Mapping[str, Any]:
    """The context of `-c KEY=VALUE` and of CDK's files, with the precedence of the CLI. Raises ContextError.

    The files are this project's cdk.json, cdk.context.json in the directory and .cdk.json in the home folder.
    The values of our own keys are strings. Values of CDK's own keys, which contain a `/` or a `:`, may also be JSON.
    """
    return {
        **_BY_CLI,
        **_read_file(home / ".cdk.json").get("context", {}),
        **_read_file(directory / "cdk.context.json"),
        **_read_file(_OWN if _OWN.exists() else _CHECKOUT)["context"],
        **dict(map(_parse, given)),
    }


def _parse(option: str) -> tuple[str, Any]:
    key, found, value = option.partition("=")
    if not found:
        raise ContextError(f"-c {option}: write -c KEY=VALUE")
    if "/" in key or ":" in key:
        try:
            return key, json.loads(value)
        except ValueError:
            pass
    return key, value


def _read_file(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ContextError(f"{file}: cannot be read: {error}") from None
    if not isinstance(content, dict):
        raise ContextError(f"{file}: is not a JSON object")
    return content
