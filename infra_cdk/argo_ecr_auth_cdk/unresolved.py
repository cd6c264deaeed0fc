"""Validates the settings of a CDK app, where account, region and strings may be CDK tokens: unknown at synth."""

from collections.abc import Iterator

import msgspec

from argo_ecr_auth_settings import validation
from argo_ecr_auth_settings.access_plan import choose_access
from argo_ecr_auth_settings.document import Fault, KeyPath, SettingsError, as_document
from argo_ecr_auth_settings.field_types import explain_no_region, is_region
from argo_ecr_auth_settings.settings import Settings

_MARK = "${Token["  # how CDK encodes a token in a string
_UNKNOWN_STRING = (
    "is not known at synth (a CDK token), but the function's settings are written then; give its resource a "
    "physical name, and write that name here"
)
_UNKNOWN_HOME = "is not known at synth; choose it by AWS_PROFILE or AWS_REGION, or give the stack an env"


def get_known(value: str | None) -> str | None:
    """A stack's account or region, None if it is unknown at synth."""
    return None if value is None or _MARK in value else value


def read_app_settings(document: object, *, account: str | None = None, region: str | None = None) -> Settings:
    """The settings of a valid document. Raises SettingsError.

    `account` and `region` are the stack's: None or CDK tokens if they are unknown at synth.
    """
    written = as_document(document)
    if tokens := [Fault(path=path, text=_UNKNOWN_STRING) for path in _find_tokens(written.content)]:
        raise written.make_error(tokens)
    account, region = get_known(account), get_known(region)
    if region and not is_region(region):
        raise SettingsError([f"the stack's region: {explain_no_region(region)}; choose it by AWS_REGION"])
    settings = validation.validate_settings(written, account=account, region=region)
    if unknown := list(_find_unknown_homes(settings, account=account, region=region)):
        raise written.make_error(unknown)
    return settings


def check_settings(settings: Settings, *, account: str | None, region: str | None) -> Settings:
    """Settings that were built in Python, the targets with the credentials of their profiles, if they are valid.

    Raises SettingsError with all faults.
    """
    return read_app_settings(msgspec.json.decode(msgspec.json.encode(settings)), account=account, region=region)


def _find_tokens(document: object, path: KeyPath = ()) -> Iterator[KeyPath]:
    if isinstance(document, dict):
        for key, value in document.items():
            yield from _find_tokens(value, (*path, key))
    elif isinstance(document, list):
        for i, value in enumerate(document):
            yield from _find_tokens(value, (*path, i))
    elif isinstance(document, str) and _MARK in document:
        yield path


def _find_unknown_homes(settings: Settings, *, account: str | None, region: str | None) -> Iterator[Fault]:
    """Faults of targets whose account or region cannot be compared with the stack's, because that is unknown."""
    for i, target in enumerate(settings.targets):
        has_entry = not target.role_arn and choose_access(target, settings=settings) != "none"
        if target.account and account is None and not target.role_arn:
            yield Fault(
                path=("targets", i, "account"), text=f"cannot be compared with the stack's own, which {_UNKNOWN_HOME}"
            )
        elif target.account and target.account != account and region is None and has_entry:
            yield Fault(
                path=("targets", i, "account"),
                text=f"needs an access stack, for which the stack's own region {_UNKNOWN_HOME}",
            )
        if target.region and region is None:
            yield Fault(
                path=("targets", i, "region"), text=f"cannot be compared with the stack's own, which {_UNKNOWN_HOME}"
            )
        elif target.region and target.region != region and account is None and has_entry:
            yield Fault(
                path=("targets", i, "region"),
                text=f"needs an access stack, for which the stack's own account {_UNKNOWN_HOME}",
            )
