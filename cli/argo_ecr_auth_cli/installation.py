"""The settings file of a deployment, as far as the command line needs it.

The file is the deployment's; its own keys (`check_every`, `alarm_email` and the like) are left to the synth, which
checks all of them. What is the function's is held to the function's own rules here too.
"""

import argparse
import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import msgspec

from argo_ecr_auth.core.rules import find_faults
from argo_ecr_auth.core.settings import CredentialSettings, Settings, TargetSettings, duration
from argo_ecr_auth.core.targets import Target, resolve_targets
from argo_ecr_auth_cli.settings_file import DEFAULT_FILE, read_settings_document
from argo_ecr_auth_cli.terminal.exits import USAGE, CommandError

DEFAULT_NAME = "argo-ecr-auth"


@dataclass(frozen=True, kw_only=True)
class Installation:
    """What the settings say of an installation."""

    name: str  # of its stack and of its Kubernetes group
    targets: tuple[Target, ...]  # whose account is None where they name none
    renew_before: timedelta
    in_vpc: bool
    access: Mapping[str, str]  # by target: least-privilege, edit-policy or none


def load_installation(options: argparse.Namespace, *, region: str) -> Installation:
    """The installation of a command's options. Raises CommandError with all faults in one line."""
    document = read_settings_document(options)
    settings = _settings(document, file=options.settings or DEFAULT_FILE)
    names = [target.name or target.cluster for target in settings.targets]
    return Installation(
        name=getattr(options, "installation", None) or str(document.get("installation") or DEFAULT_NAME),
        targets=resolve_targets(settings, region=region),
        renew_before=duration(settings.renew_before),
        in_vpc=bool(document.get("vpc")),
        access={
            name: str(target.get("access") or document.get("access") or "least-privilege")
            for name, target in zip(names, document["targets"], strict=True)
        },
    )


def choose_targets(installation: Installation, names: list[str]) -> tuple[Target, ...]:
    """The targets of these names, without any all of them. Raises CommandError, naming the near ones."""
    if not names:
        return installation.targets
    by_name = {target.name: target for target in installation.targets}
    for name in names:
        if name not in by_name:
            near = difflib.get_close_matches(name, by_name) or list(by_name)[:5]
            raise CommandError(f"no target is named {name}; did you mean {', '.join(near)}?", code=USAGE)
    return tuple(by_name[name] for name in dict.fromkeys(names))


def without_role(target: Target) -> Target:
    """The target, reached with one's own rights: the role of its settings is for the function to assume."""
    return replace(target, role=None)


def _settings(document: dict[str, Any], *, file: str) -> Settings:
    try:
        settings = msgspec.convert(_only(Settings, document), type=Settings)
    except msgspec.ValidationError as fault:
        raise CommandError(f"{file}: {fault}", code=USAGE) from None
    if faults := find_faults(settings):
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
