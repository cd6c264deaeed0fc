"""Gives each target that names a profile what the profile has."""

from typing import Any

import msgspec

from argo_ecr_auth_settings.broken import BROKEN, BrokenValueError
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
