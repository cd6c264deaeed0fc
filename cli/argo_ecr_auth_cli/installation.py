"""The settings of an installation, from the deployment's file or from flags, validated as the synth validates them."""

import argparse
import difflib
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from argo_ecr_auth.core.targets import Target
from argo_ecr_auth_cli.terminal.exits import USAGE, CommandError
from argo_ecr_auth_settings.access_plan import choose_access
from argo_ecr_auth_settings.characters import escape_characters
from argo_ecr_auth_settings.document import SettingsError
from argo_ecr_auth_settings.loader import load_document, make_document
from argo_ecr_auth_settings.resolve import resolve_targets
from argo_ecr_auth_settings.settings import Settings, parse_duration
from argo_ecr_auth_settings.validation import validate_settings

DEFAULT_NAME = "argo-ecr-auth"
DEFAULT_FILE = "settings.yaml"

_NO_FILE = "pass --settings FILE, or --cluster NAME --registry HOST for one of each"
_SHARED_OPTIONS = ("settings", "cluster", "registry", "installation", "profile", "region")


@dataclass(frozen=True, kw_only=True)
class Installation:
    """What the settings say of an installation."""

    name: str  # of its stack and of its Kubernetes group
    targets: tuple[Target, ...]  # whose account is None if they name none
    renew_before: timedelta
    in_vpc: bool
    access: Mapping[str, str]  # by target: least-privilege, edit-policy or none

    @property
    def check_intervals(self) -> Mapping[str, timedelta]:
        """By target."""
        return {target.name: target.check_every for target in self.targets}


def load_installation(options: argparse.Namespace, *, region: str) -> Installation:
    """The installation of a command's options. Raises CommandError with all faults of its settings."""
    settings = _read_settings(options)
    names = [target.name or target.cluster for target in settings.targets]
    return Installation(
        name=getattr(options, "installation", None) or settings.installation,
        targets=resolve_targets(settings, region=region),
        renew_before=parse_duration(settings.renew_before),
        in_vpc=settings.vpc is not None,
        access={
            name: choose_access(target, settings=settings) for name, target in zip(names, settings.targets, strict=True)
        },
    )


def choose_targets(installation: Installation, names: list[str]) -> tuple[Target, ...]:
    """The targets of these names, all of them if none is given. Raises CommandError with similar names."""
    if not names:
        return installation.targets
    by_name = {target.name: target for target in installation.targets}
    for name in names:
        if name not in by_name:
            near = difflib.get_close_matches(name, by_name) or list(by_name)[:5]
            fault = f"no target is named {name}; did you mean {', '.join(near)}?"
            raise CommandError(escape_characters(fault), code=USAGE)
    return tuple(by_name[name] for name in dict.fromkeys(names))


def choose_enabled_targets(installation: Installation, names: list[str]) -> tuple[Target, ...]:
    """The targets of these names, all that are enabled if none is given. Raises CommandError if none is."""
    targets = tuple(target for target in choose_targets(installation, names) if target.enabled or names)
    if not targets:
        raise CommandError("every target of the settings is disabled: name one to examine it", code=USAGE)
    return targets


def without_role(target: Target) -> Target:
    """The target as an operator reaches it: the role of its settings is for the function to assume."""
    return replace(target, role=None)


def format_shared_options(options: argparse.Namespace) -> str:
    """The options that another command needs too, to speak of the same installation with the same permissions."""
    given = {name: getattr(options, name, None) for name in _SHARED_OPTIONS}
    return "".join(f" --{name} {shlex.quote(value)}" for name, value in given.items() if value)


def _read_settings(options: argparse.Namespace) -> Settings:
    """As the synth reads and validates them, except for what depends on the function's account and region."""
    if (options.cluster is None) != (options.registry is None):
        raise CommandError("--cluster and --registry go together", code=USAGE)
    if options.cluster is not None and options.settings is not None:
        raise CommandError("--settings, or --cluster and --registry: give one of them", code=USAGE)
    try:
        if options.cluster is not None:
            return validate_settings(make_document(cluster=options.cluster, registry=options.registry))
        return validate_settings(load_document(Path(options.settings or DEFAULT_FILE), remedy=_NO_FILE))
    except SettingsError as error:
        raise CommandError(str(error), code=USAGE) from None
