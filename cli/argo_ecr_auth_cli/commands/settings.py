"""Checks a settings file, writes a first one, or discovers clusters for it."""

import argparse
from pathlib import Path

import yaml

from argo_ecr_auth_cli.terminal.exits import OK, UNKNOWN, USAGE, CommandError
from argo_ecr_auth_cli.terminal.output import print_error, print_line
from argo_ecr_auth_settings.document import SettingsDocument, SettingsError
from argo_ecr_auth_settings.loader import load_document
from argo_ecr_auth_settings.resolve import resolve_targets
from argo_ecr_auth_settings.schema import SCHEMA_FILE, format_json_schema
from argo_ecr_auth_settings.validation import validate_settings
from argo_ecr_auth_settings.warnings import SAFE_SETTING, find_warnings

REMEDY = "give another FILE, or write one with argo-ecr-auth settings init"
_HEAD = f"""\
# yaml-language-server: $schema={SCHEMA_FILE}
# An editor that knows YAML completes and explains every key by the line above.
"""


def run(options: argparse.Namespace) -> int:
    """Do the action of the options: check, init or discover. Raises CommandError."""
    try:
        if options.action == "discover":
            from argo_ecr_auth_cli.commands.discover import discover  # noqa: PLC0415 - only it needs AWS

            return discover(options)
        return _check(options) if options.action == "check" else _write_first(options)
    except SettingsError as error:
        raise CommandError(str(error), code=USAGE) from None


def _check(options: argparse.Namespace) -> int:
    document = load_document(Path(options.file), remedy=REMEDY)
    settings = validate_settings(document, account=options.account, region=options.region)
    targets = resolve_targets(settings, region=options.region or "")
    for warning in find_warnings(settings, account=options.account, region=options.region):
        print_error(f"warning: {warning}")
    secrets = sum(len(target.credentials) for target in targets)
    print_line(f"{options.file}: no errors (targets: {len(targets)}, Secrets: {secrets})")
    return OK


def _write_first(options: argparse.Namespace) -> int:
    validate_settings(_make_document(options))
    file = Path(options.file)
    schema = file.with_name(SCHEMA_FILE)
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(_format_first(options))
        schema.write_text(format_json_schema(), encoding="utf-8")
    except FileExistsError:
        raise CommandError(f"{file} exists: give another FILE, or edit it", code=USAGE) from None
    except OSError as error:
        raise CommandError(f"cannot write {error.filename}: {error.strerror}", code=UNKNOWN) from None
    print_line(f"wrote {file}, and {schema}, from which an editor completes it")
    return OK


def _make_document(options: argparse.Namespace) -> SettingsDocument:
    targets = [{"cluster": cluster} for cluster in options.clusters]
    return SettingsDocument(
        content={"credentials": [{"registry": options.registry, **yaml.safe_load(SAFE_SETTING)}], "targets": targets},
        source="the command line",
        options={
            ("credentials", 0, "registry"): "--registry",
            **{("targets", i, key): "--cluster" for i in range(len(targets)) for key in ("cluster", "name")},
        },
    )


def _format_first(options: argparse.Namespace) -> str:
    targets = "".join(f"  - cluster: {_format_scalar(cluster)}\n" for cluster in options.clusters)
    return f"{_HEAD}credentials:\n  - registry: {options.registry}\n    {SAFE_SETTING}\ntargets:\n{targets}"


def _format_scalar(text: str) -> str:
    """In quotes if YAML would not read it as text: a cluster may be called 007 or true."""
    return str(yaml.safe_dump(text)).splitlines()[0]
