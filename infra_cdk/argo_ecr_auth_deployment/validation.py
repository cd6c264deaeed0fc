"""From a document, such as a parsed `settings.yaml`, to settings without faults; or its faults, each with its path."""

from collections.abc import Iterable

import msgspec

from argo_ecr_auth.core.rules import find_faults
from argo_ecr_auth_deployment.environment_rules import find_environment_faults
from argo_ecr_auth_deployment.policy_size import find_policy_size_faults
from argo_ecr_auth_deployment.rules import find_deployment_faults
from argo_ecr_auth_deployment.schema import find_schema_faults, format_path
from argo_ecr_auth_deployment.settings import DeploymentSettings


class SettingsError(ValueError):
    """The settings cannot be deployed; `faults` says why, each with its path."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


def read_settings(document: object, *, account: str | None = None, region: str | None = None) -> DeploymentSettings:
    """Settings without faults. Raises SettingsError with all faults of the schema; without any, with all of the rules.

    `account` and `region` are the stack's; None where they are not known at synth.
    """
    if schema_faults := find_schema_faults(document):
        raise SettingsError(f"{format_path(path) or 'settings'}: {fault}" for path, fault in schema_faults)
    settings = msgspec.convert(document, DeploymentSettings)
    faults = (
        *find_faults(settings, account=account, region=region),
        *find_deployment_faults(settings),
        *find_environment_faults(settings, account=account, region=region),
    )
    # The rights can be measured only of settings without other faults.
    if faults := faults or find_policy_size_faults(settings, account=account, region=region):
        raise SettingsError(faults)
    return settings
