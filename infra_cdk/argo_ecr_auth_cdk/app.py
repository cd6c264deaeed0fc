"""The body of the CDK app: reads the settings, makes the stacks, synthesises them, and writes the RBAC manifests."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import aws_cdk as cdk
from aws_cdk.cx_api import CloudAssembly

from argo_ecr_auth_cdk.access.rbac_files import write_rbac_files
from argo_ecr_auth_cdk.stack import ArgoEcrAuthStack
from argo_ecr_auth_cdk.unresolved import read_settings
from argo_ecr_auth_settings.context import load_settings
from argo_ecr_auth_settings.settings import Settings


@dataclass(frozen=True, kw_only=True)
class SynthesisedApp:
    """What a synth made: the templates and the asset (`assembly`), and the clusters' manifests."""

    settings: Settings
    stack: ArgoEcrAuthStack
    assembly: CloudAssembly
    manifests: tuple[Path, ...]


def synthesise(app: cdk.App, *, account: str | None, region: str | None, default_file: Path) -> SynthesisedApp:
    """Make the stacks of the app's context, or of the default file. The manifests are in `rbac` beside the templates.

    `account` and `region` are the function's, None where they are not known at synth. Raises SettingsError,
    RuntimeMismatchError and InstallationError.
    """
    context: Mapping[str, object] = app.node.get_all_context()
    settings = read_settings(load_settings(context, default_file=default_file), account=account, region=region)
    stack = ArgoEcrAuthStack(app, settings=settings, env=cdk.Environment(account=account, region=region))
    assembly = app.synth()
    files = write_rbac_files(Path(assembly.directory) / "rbac", settings=settings, account=account, region=region)
    return SynthesisedApp(settings=settings, stack=stack, assembly=assembly, manifests=tuple(files))
