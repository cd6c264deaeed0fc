"""Rules about profiles: that a target names one that exists and that may be used there."""

from collections.abc import Iterator

from argo_ecr_auth_settings.broken import attempt, read_value
from argo_ecr_auth_settings.settings import Settings, TargetSettings


def check_profiles(settings: Settings, *, account: str | None, region: str | None) -> Iterator[str]:
    """`account` and `region` are those of targets that set none, None if unknown."""
    for _ in read_value(settings, "clusters"):
        yield "clusters: names a file, which only a settings file can; give the targets"
    yield from attempt(_check_external_ids(settings))
    for i, target in enumerate(settings.targets):
        faults = _check_profile(target, settings, account=account, region=region)
        yield from (f"targets[{i}].{fault}" for fault in attempt(faults))


def _check_external_ids(settings: Settings) -> Iterator[str]:
    for name, profile in settings.profiles.items():
        if profile.external_id is not None and profile.role_name is None:
            yield f"profiles.{name}.external_id: goes with role_name, which is missing"


def _check_profile(
    target: TargetSettings, settings: Settings, *, account: str | None, region: str | None
) -> Iterator[str]:
    if target.profile is None:
        return
    profile = settings.profiles.get(target.profile)
    if profile is None:
        known = ", ".join(settings.profiles) or "none"
        yield f"profile: there is no profile {target.profile}; there are: {known}"
        return
    if target.credentials != profile.credentials:
        yield "credentials: cannot go with profile; give either"
    refusals = profile.allowed.find_refusals(
        cluster=target.cluster, account=target.account or account, region=target.region or region
    )
    for key, value in refusals:
        yield f"{key}: the profile {target.profile} does not allow the {key} {value}"
