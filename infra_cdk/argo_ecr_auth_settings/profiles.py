"""Gives each target that names a profile the credentials of the profile."""

import msgspec

from argo_ecr_auth_settings.broken import BROKEN, BrokenValueError
from argo_ecr_auth_settings.settings import Settings, TargetSettings


def apply_profiles(settings: Settings) -> Settings:
    """The settings whose targets have their credentials, BROKEN where there is no such profile.

    Credentials of the target's own stay, for the rule that refuses them.
    """
    if settings.targets is BROKEN:
        return settings
    targets = tuple(_apply_profile(target, settings) for target in settings.targets)
    return msgspec.structs.replace(settings, targets=targets)


def _apply_profile(target: TargetSettings, settings: Settings) -> TargetSettings:
    if target is BROKEN or target.profile is None:
        return target
    try:
        profile = settings.profiles.get(target.profile)
        credentials = target.credentials or (profile.credentials if profile else BROKEN)
    except BrokenValueError:
        credentials = BROKEN
    return msgspec.structs.replace(target, credentials=credentials)
