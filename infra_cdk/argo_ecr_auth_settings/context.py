"""Loads the settings of the CDK app: a file, and the CDK context (`-c KEY=VALUE`), which overrides it."""

import difflib
from collections.abc import Mapping
from pathlib import Path

from argo_ecr_auth_settings.document import SettingsDocument, SettingsError
from argo_ecr_auth_settings.loader import load_document, make_document
from argo_ecr_auth_settings.settings import Settings

OVERRIDING = ("check_every", "architecture", "installation")
"""Settings that the CDK context may override."""

_BOUNDARY = "@aws-cdk/core:permissionsBoundary"
_KEYS = ("settings", "cluster", "registry", *OVERRIDING)
_REMEDY = (
    "copy settings.example.yaml to settings.yaml and fill it in, or pass -c settings=FILE, "
    "or -c cluster=NAME -c registry=HOST for one cluster and one registry"
)


def load_context_document(context: Mapping[str, object], *, default_file: Path) -> SettingsDocument:
    """The settings document, not validated yet.

    `-c cluster=NAME -c registry=HOST` stands for one target with one credential and needs no file. Otherwise the
    document is read from `-c settings=FILE`, or from the default file. Raises SettingsError if the keys contradict each
    other or the file does not exist.
    """
    if faults := _check_keys(context):
        raise SettingsError(faults)
    given = {key: context[key] for key in _KEYS if context.get(key) is not None}
    document = _load(given, default_file=default_file)
    return document.override({key: given[key] for key in OVERRIDING if key in given}, option="-c {}")


def _load(given: Mapping[str, object], *, default_file: Path) -> SettingsDocument:
    if "cluster" not in given and "registry" not in given:
        file = Path(str(given["settings"])) if "settings" in given else default_file
        return load_document(file, remedy=_REMEDY)
    if "settings" in given:
        raise SettingsError(
            ["-c settings: cannot be combined with -c cluster and -c registry; pass only one of the two"]
        )
    for missing, other in (("cluster", "registry"), ("registry", "cluster")):
        if missing not in given:
            raise SettingsError([f"-c {missing}: missing; it goes with -c {other}"])
    return make_document(
        cluster=str(given["cluster"]),
        registry=str(given["registry"]),
        cluster_option="-c cluster",
        registry_option="-c registry",
    )


def _check_keys(context: Mapping[str, object]) -> list[str]:
    """Faults of a boundary without effect, and of unknown keys that look like ours.

    Others belong to CDK, or to another app in ~/.cdk.json.
    """
    if isinstance(context.get(_BOUNDARY), str):
        # CDK looks for the keys of a mapping in it, and finds none.
        works = f'write {{"{_BOUNDARY}": {{"name": "my-boundary"}}}} into cdk.context.json'
        return [f"-c {_BOUNDARY}: the CDK CLI passes text, which CDK ignores: no role would get the boundary; {works}"]
    settings_only = set(Settings.__struct_fields__) - set(OVERRIDING)
    faults = []
    for key in sorted(set(context) - set(_KEYS)):
        if key == "runtime":
            faults.append(f"-c {key}: unknown key; the function's Python is that of the synth")
            continue
        spelled = key.replace("-", "_").lower()
        near = difflib.get_close_matches(spelled, {*_KEYS, *settings_only}, n=1, cutoff=0.75)
        near = near or [known for known in _KEYS if len(spelled) > 2 and known.startswith(spelled)]  # noqa: PLR2004 - `arch`
        if not near:
            continue
        if near[0] in settings_only:
            faults.append(f"-c {key}: is not read from the context; write {near[0]} into the settings file")
        else:
            faults.append(f"-c {key}: unknown key; is it -c {near[0]}?")
    return faults
