"""All rules of the settings that their types cannot express."""

from argo_ecr_auth_settings.broken import attempt
from argo_ecr_auth_settings.rules.credentials import check_credentials
from argo_ecr_auth_settings.rules.deployment import check_deployment
from argo_ecr_auth_settings.rules.environment import check_environment
from argo_ecr_auth_settings.rules.profiles import check_profiles
from argo_ecr_auth_settings.rules.targets import check_secrets, check_targets
from argo_ecr_auth_settings.settings import Settings


def find_faults(settings: Settings, *, account: str | None = None, region: str | None = None) -> tuple[str, ...]:
    """All faults that the types do not catch, each with its path and what is allowed.

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
