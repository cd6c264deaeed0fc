"""From a document, such as that of `settings.yaml`, to settings without faults; or its faults, each with its place."""

import msgspec

from argo_ecr_auth_settings.document import as_document, format_path
from argo_ecr_auth_settings.rules.all_rules import find_faults
from argo_ecr_auth_settings.rules.policy_size import find_policy_size_faults
from argo_ecr_auth_settings.schema import find_schema_faults
from argo_ecr_auth_settings.settings import Settings


def read_settings(document: object, *, account: str | None = None, region: str | None = None) -> Settings:
    """Settings without faults. Raises SettingsError with all faults of the schema; without any, with all of the rules.

    `document` is a SettingsDocument, or just its content. `account` and `region` are the function's; where they are
    None, nothing is compared with them.
    """
    written = as_document(document)
    if schema_faults := find_schema_faults(written.content):
        raise written.refuse(f"{format_path(path) or 'settings'}: {fault}" for path, fault in schema_faults)
    settings = msgspec.convert(written.content, Settings)
    faults = find_faults(settings, account=account, region=region)
    # The rights can be measured only of settings without other faults.
    if faults := faults or find_policy_size_faults(settings, account=account, region=region):
        raise written.refuse(faults)
    return settings
