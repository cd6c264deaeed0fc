"""Gives each target what its profile has, with the rules: the profile exists and may be used there."""

from collections.abc import Iterator
from typing import Any

import msgspec

from argo_ecr_auth_settings.broken import BROKEN, BrokenValueError, attempt, read_value
from argo_ecr_auth_settings.document import Fault, below, make_fault
from argo_ecr_auth_settings.names import format_role_arn
from argo_ecr_auth_settings.profile_settings import ProfileSettings
from argo_ecr_auth_settings.settings import Settings, TargetSettings


def apply_profiles(settings: Settings, *, account: str | None) -> Settings:
    """The settings whose targets have what their profiles have; their credentials are BROKEN without such a profile.

    What a target has of its own stays; of credentials, for the rule that refuses them. `account` is the function's.
    """
    if settings.targets is BROKEN:
        return settings
    targets = tuple(_apply_profile(target, settings, account=account) for target in settings.targets)
    return msgspec.structs.replace(settings, targets=targets)


def _apply_profile(target: TargetSettings, settings: Settings, *, account: str | None) -> TargetSettings:
    if target is BROKEN or target.profile is None:
        return target
    try:
        profile = settings.profiles.get(target.profile)
        changes = _find_changes(target, profile, account=account) if profile else {"credentials": BROKEN}
    except BrokenValueError:
        changes = {"credentials": BROKEN}
    return msgspec.structs.replace(target, **changes)


def _find_changes(target: TargetSettings, profile: ProfileSettings, *, account: str | None) -> dict[str, Any]:
    changes: dict[str, Any] = {
        "credentials": target.credentials or profile.credentials,
        "access": target.access or profile.access,
    }
    if profile.role_name and target.role_arn is None and target.account and target.account != account:
        changes["role_arn"] = format_role_arn(profile.role_name, account=target.account, region=target.region)
        changes["external_id"] = profile.external_id
    return changes


def check_profiles(settings: Settings, *, account: str | None, region: str | None) -> Iterator[Fault]:
    """`account` and `region` are those of targets that set none, None if unknown."""
    for _ in read_value(settings, "clusters"):
        yield make_fault("clusters", "names a file, which only a settings file can; give the targets")
    yield from attempt(_check_external_ids(settings))
    for i, target in enumerate(settings.targets):
        faults = _check_profile(target, settings, account=account, region=region)
        yield from below(("targets", i), attempt(faults))


def _check_external_ids(settings: Settings) -> Iterator[Fault]:
    for name, profile in settings.profiles.items():
        if profile.external_id is not None and profile.role_name is None:
            text = "goes with role_name, which is missing"
            yield Fault(path=("profiles", name, "external_id"), text=text)


def _check_profile(
    target: TargetSettings, settings: Settings, *, account: str | None, region: str | None
) -> Iterator[Fault]:
    if target.profile is None:
        return
    profile = settings.profiles.get(target.profile)
    if profile is None:
        known = ", ".join(settings.profiles) or "none"
        yield make_fault("profile", f"there is no profile {target.profile}; there are: {known}")
        return
    if target.credentials != profile.credentials:
        yield make_fault("credentials", "cannot be combined with profile; set only one")
    refusals = profile.allowed.find_refusals(
        cluster=target.cluster, account=target.account or account, region=target.region or region
    )
    for key, value in refusals:
        yield make_fault(key, f"the profile {target.profile} does not allow the {key} {value}")
