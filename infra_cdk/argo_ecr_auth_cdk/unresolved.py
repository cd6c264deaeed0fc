"""Settings of an app in which CDK knows some values only when it deploys: account, region and tokens in texts."""

from collections.abc import Iterator

import msgspec

from argo_ecr_auth_deployment import validation
from argo_ecr_auth_deployment.schema import Path, format_path
from argo_ecr_auth_deployment.settings import DeploymentSettings
from argo_ecr_auth_deployment.validation import SettingsError

_MARK = "${Token["  # how CDK encodes a token in a text
_REMEDY = (
    "is not known at synth (a CDK token), but the function's settings are written then; give the resource that it "
    "comes from a name of your own, and write that name here"
)


def get_known(value: str | None) -> str | None:
    """A stack's account or region, None where it is known only when it is deployed."""
    return None if value is None or _MARK in value else value


def read_settings(document: object, *, account: str | None = None, region: str | None = None) -> DeploymentSettings:
    """Settings without faults. Raises SettingsError with all of them.

    `account` and `region` are the stack's; None, or CDK's tokens, where they are not known at synth.
    """
    if faults := [f"{format_path(path)}: {_REMEDY}" for path in _find_tokens(document)]:
        raise SettingsError(faults)
    return validation.read_settings(document, account=get_known(account), region=get_known(region))


def check_settings(settings: DeploymentSettings, *, account: str | None, region: str | None) -> None:
    """For settings that were made in Python, where nothing has checked them. Raises SettingsError with all faults."""
    read_settings(msgspec.json.decode(msgspec.json.encode(settings)), account=account, region=region)


def _find_tokens(document: object, path: Path = ()) -> Iterator[Path]:
    if isinstance(document, dict):
        for key, value in document.items():
            yield from _find_tokens(value, (*path, key))
    elif isinstance(document, list):
        for i, value in enumerate(document):
            yield from _find_tokens(value, (*path, i))
    elif isinstance(document, str) and _MARK in document:
        yield path
