"""What a command of the CDK CLI deploys, and where: from its context and the environment's credentials."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from argo_ecr_auth.core.targets import Role, Target
from argo_ecr_auth_deploy.destination import Destination
from argo_ecr_auth_settings.cdk_context import ContextError, read_context
from argo_ecr_auth_settings.context import load_context_document
from argo_ecr_auth_settings.document import SettingsError
from argo_ecr_auth_settings.names import AccountRegion, format_role_arn
from argo_ecr_auth_settings.record import InstallationRecord, make_record
from argo_ecr_auth_settings.resolve import resolve_targets
from argo_ecr_auth_settings.settings import Settings
from argo_ecr_auth_settings.validation import validate_settings

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """What a command of CDK deploys, and where."""

    settings: Settings
    targets: tuple[Target, ...]
    context: Mapping[str, Any]
    destination: Destination

    @property
    def home(self) -> AccountRegion:
        """Of the function."""
        return AccountRegion(account=self.destination.account, region=self.destination.region)

    @property
    def record(self) -> InstallationRecord:
        return make_record(self.settings, self.targets)

    @property
    def qualifier(self) -> str:
        """Of CDK's bootstrap."""
        return str(self.context.get("@aws-cdk/core:bootstrapQualifier", "hnb659fds"))

    def get_bootstrap_role(self, name: Literal["deploy", "lookup"], place: AccountRegion) -> Role:
        """A role that CDK's bootstrap created in this account and region, for the CDK CLI to assume."""
        account, region = place.account or "", place.region or ""
        full_name = f"cdk-{self.qualifier}-{name}-role-{account}-{region}"
        return Role(arn=format_role_arn(full_name, account=account, region=region))


def load_deployment(context: Sequence[str], *, destination: Destination) -> Deployment:
    """Exit with all faults of the settings. `context` is that of the command line, KEY=VALUE; files have more."""
    given = dict(option.split("=", 1) for option in context if "=" in option)
    try:
        # Not the options, whose JSON the CDK CLI does not read.
        merged = {**read_context([], directory=ROOT, home=Path.home()), **given}
        document = load_context_document(merged, default_file=ROOT / "settings.yaml")
        settings = validate_settings(document, account=destination.account, region=destination.region)
    except (ContextError, SettingsError) as error:
        sys.exit(str(error))
    targets = resolve_targets(settings, region=destination.region, account=destination.account)
    return Deployment(settings=settings, targets=targets, context=merged, destination=destination)
