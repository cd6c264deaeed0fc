"""Validates a settings document, such as the content of `settings.yaml`."""

import msgspec

from argo_ecr_auth_settings.broken import attempt
from argo_ecr_auth_settings.document import Fault, as_document
from argo_ecr_auth_settings.intact import convert_intact
from argo_ecr_auth_settings.rules.credentials import check_credentials
from argo_ecr_auth_settings.rules.deployment import check_deployment
from argo_ecr_auth_settings.rules.environment import check_environment
from argo_ecr_auth_settings.rules.policy_size import find_policy_size_faults
from argo_ecr_auth_settings.rules.profiles import apply_profiles, check_profiles
from argo_ecr_auth_settings.rules.targets import check_secrets, check_targets
from argo_ecr_auth_settings.schema import find_schema_faults
from argo_ecr_auth_settings.settings import Settings


def validate_settings(document: object, *, account: str | None = None, region: str | None = None) -> Settings:
    """The settings of a valid document; its targets have what their profiles have.

    Raises SettingsError with all faults.

    `document` is a SettingsDocument or its content. `account` and `region` are the function's; nothing is compared with
    one that is None.
    """
    written = as_document(document)
    if schema_faults := find_schema_faults(written.content):
        intact = convert_intact(written.content, (fault.path for fault in schema_faults))
        others = find_faults(apply_profiles(intact, account=account), account=account, region=region) if intact else ()
        raise written.make_error([*schema_faults, *others])
    settings = apply_profiles(msgspec.convert(written.content, Settings), account=account)
    faults = find_faults(settings, account=account, region=region)
    # The size of the policies is only defined for settings without other faults.
    if faults := faults or find_policy_size_faults(settings, account=account, region=region):
        raise written.make_error(faults)
    return settings


def find_faults(settings: Settings, *, account: str | None = None, region: str | None = None) -> tuple[Fault, ...]:
    """All faults that the types do not catch.

    A rule that needs a BROKEN value is skipped.

    `account` and `region` are the function's, and the defaults of targets that set none. They are None if unknown.
    """
    rules = (
        check_credentials(settings),
        check_targets(settings),
        check_profiles(settings, account=account, region=region),
        check_secrets(settings, region=region, account=account),
        check_deployment(settings),
        check_environment(settings, account=account, region=region),
    )
    return tuple(fault for rule in rules for fault in attempt(rule))
