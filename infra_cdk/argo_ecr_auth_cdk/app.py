"""The CDK app: reads the settings, creates the stacks, synthesizes them, and writes the RBAC manifests."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import aws_cdk as cdk
from aws_cdk.cx_api import CloudAssembly

from argo_ecr_auth_cdk.access.rbac_files import write_rbac_files
from argo_ecr_auth_cdk.stack import ArgoEcrAuthStack
from argo_ecr_auth_cdk.unresolved import read_app_settings
from argo_ecr_auth_settings.context import load_context_document
from argo_ecr_auth_settings.settings import Settings


@dataclass(frozen=True, kw_only=True)
class SynthesizedApp:
    """The result of a synth: the templates and the asset (`assembly`), and the clusters' RBAC manifests."""

    settings: Settings
    stack: ArgoEcrAuthStack
    assembly: CloudAssembly
    manifests: tuple[Path, ...]


def synthesize(app: cdk.App, *, account: str | None, region: str | None, default_file: Path) -> SynthesizedApp:
    """Synthesize the settings of the app's context, or of the default file, and write `rbac` next to the templates.

    `account` and `region` are the function's, None if unknown at synth. Raises SettingsError,
    UnsupportedRuntimeError and InstallationError.
    """
    context: Mapping[str, object] = app.node.get_all_context()
    settings = read_app_settings(
        load_context_document(context, default_file=default_file), account=account, region=region
    )
    stack = ArgoEcrAuthStack(app, settings=settings, env=cdk.Environment(account=account, region=region))
    assembly = app.synth()
    files = write_rbac_files(Path(assembly.directory) / "rbac", settings=settings, account=account, region=region)
    return SynthesizedApp(settings=settings, stack=stack, assembly=assembly, manifests=tuple(files))
