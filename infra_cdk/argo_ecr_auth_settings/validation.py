"""Validates a settings document, such as the content of `settings.yaml`."""

import msgspec

from argo_ecr_auth_settings.document import as_document, format_path
from argo_ecr_auth_settings.intact import convert_intact
from argo_ecr_auth_settings.profiles import apply_profiles
from argo_ecr_auth_settings.rules.all_rules import find_faults
from argo_ecr_auth_settings.rules.policy_size import find_policy_size_faults
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
        intact = convert_intact(written.content, (path for path, _ in schema_faults))
        raise written.make_error(
            [
                *(f"{format_path(path) or 'settings'}: {fault}" for path, fault in schema_faults),
                *(
                    find_faults(apply_profiles(intact, account=account), account=account, region=region)
                    if intact
                    else ()
                ),
            ]
        )
    settings = apply_profiles(msgspec.convert(written.content, Settings), account=account)
    faults = find_faults(settings, account=account, region=region)
    # The size of the policies is only defined for settings without other faults.
    if faults := faults or find_policy_size_faults(settings, account=account, region=region):
        raise written.make_error(faults)
    return settings
