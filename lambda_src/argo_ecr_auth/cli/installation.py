"""The settings file of a deployment, as far as the command line needs it.

The file is the deployment's; its own keys (`check_every`, `alarm_email` and the like) are left to the synth, which
checks all of them. What is the function's is held to the function's own rules here too.
"""

import argparse
import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import yaml

from argo_ecr_auth.cli.exits import USAGE, CommandError
from argo_ecr_auth.faults import faults_of
from argo_ecr_auth.settings import CredentialSettings, Settings, TargetSettings, duration
from argo_ecr_auth.targets import Target, targets_of

DEFAULT_FILE = "settings.yaml"
DEFAULT_NAME = "argo-ecr-auth"


@dataclass(frozen=True, kw_only=True)
class Installation:
    """What the settings say of an installation."""

    name: str  # of its stack and of its Kubernetes group
    targets: tuple[Target, ...]
    renew_before: timedelta
    in_vpc: bool
    accounts: Mapping[str, str]  # of the targets that name one, by target
    edit_policy: frozenset[str]  # the targets that have it instead of a Role


def installation_of(options: argparse.Namespace, *, region: str) -> Installation:
    """The installation of a command's options. Raises CommandError with all faults in one line."""
    document = _document(options)
    settings = _settings(document, file=options.settings or DEFAULT_FILE)
    names = [target.name or target.cluster for target in settings.targets]
    written = dict(zip(names, document["targets"], strict=True))
    return Installation(
        name=getattr(options, "installation", None) or str(document.get("installation") or DEFAULT_NAME),
        targets=targets_of(settings, region=region),
        renew_before=duration(settings.renew_before),
        in_vpc=bool(document.get("vpc")),
        accounts={name: target.account for name, target in zip(names, settings.targets, strict=True) if target.account},
        edit_policy=frozenset(
            name for name in names if (written[name].get("access") or document.get("access")) == "edit-policy"
        ),
    )


def chosen(installation: Installation, names: list[str]) -> tuple[Target, ...]:
    """The targets of these names, without any all of them. Raises CommandError, naming the near ones."""
    if not names:
        return installation.targets
    by_name = {target.name: target for target in installation.targets}
    for name in names:
        if name not in by_name:
            near = difflib.get_close_matches(name, by_name) or list(by_name)[:5]
            raise CommandError(f"no target is named {name}; did you mean {', '.join(near)}?", code=USAGE)
    return tuple(by_name[name] for name in dict.fromkeys(names))


def as_operator(target: Target) -> Target:
    """The target, reached with one's own rights: the role of its settings is for the function to assume."""
    return replace(target, role=None)


def _document(options: argparse.Namespace) -> dict[str, Any]:
    if (options.cluster is None) != (options.registry is None):
        raise CommandError("--cluster and --registry go together", code=USAGE)
    if options.cluster is not None and options.settings is not None:
        raise CommandError("--settings, or --cluster and --registry: give one of them", code=USAGE)
    if options.cluster is not None:
        return {"targets": [{"cluster": options.cluster}], "credentials": [{"registry": options.registry}]}
    file = Path(options.settings or DEFAULT_FILE)
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CommandError(
            f"there is no {file}: give --settings FILE, or --cluster NAME --registry HOST for one of each", code=USAGE
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} cannot be read: {error}", code=USAGE) from None
    except yaml.YAMLError as error:
        raise CommandError(f"{file} is not YAML: {' '.join(str(error).split())}", code=USAGE) from None
    if not isinstance(document, dict):
        raise CommandError(f"{file} holds no settings: settings.example.yaml shows some", code=USAGE)
    return document


def _settings(document: dict[str, Any], *, file: str) -> Settings:
    try:
        settings = msgspec.convert(_only(Settings, document), type=Settings)
    except msgspec.ValidationError as fault:
        raise CommandError(f"{file}: {fault}", code=USAGE) from None
    if faults := faults_of(settings):
        raise CommandError(f"{file}: {'; '.join(faults)}", code=USAGE)
    return settings


def _only(kind: Any, document: Any) -> Any:
    """Less the deployment's keys, all the way down."""
    if not isinstance(document, dict):
        return document
    inner = {"targets": TargetSettings, "credentials": CredentialSettings}
    return {
        key: [_only(inner[key], each) for each in value] if key in inner and isinstance(value, list) else value
        for key, value in document.items()
        if key in kind.__struct_fields__
    }
