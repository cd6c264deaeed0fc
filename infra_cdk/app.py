"""The CDK app: the settings from a file or CDK's context, one stack, and the manifests for the clusters."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import aws_cdk as cdk

from argo_ecr_auth_cdk.access.rbac_files import write_rbac_files
from argo_ecr_auth_cdk.function.asset import RuntimeMismatchError
from argo_ecr_auth_cdk.function.dependencies import InstallationError
from argo_ecr_auth_cdk.stack import ArgoEcrAuthStack
from argo_ecr_auth_cdk.unresolved import read_settings
from argo_ecr_auth_deployment.context import load_settings
from argo_ecr_auth_deployment.document import SettingsError

_SETTINGS_FILE = Path(__file__).parents[1] / "settings.yaml"
_COMMANDS_TOLD = 10


def main() -> None:
    app = cdk.App()
    account, region = (os.environ.get(f"CDK_DEFAULT_{name}") for name in ("ACCOUNT", "REGION"))
    if app.node.try_get_context("cluster") and _SETTINGS_FILE.exists():
        print(f"{_SETTINGS_FILE.name} is not read, for a cluster is given with -c", file=sys.stderr)
    document = load_settings(app.node.get_all_context(), default_file=_SETTINGS_FILE)
    settings = read_settings(document, account=account, region=region)
    ArgoEcrAuthStack(app, settings=settings, env=cdk.Environment(account=account, region=region))
    files = write_rbac_files(Path(app.synth().directory) / "rbac", settings=settings, account=account, region=region)
    _tell(files)


def _tell(files: Sequence[Path]) -> None:
    """On stderr, for `cdk synth` prints the template on stdout."""
    if files:
        print("as each cluster's administrator, before or after the deployment:", file=sys.stderr)
    for file in files[:_COMMANDS_TOLD]:
        print(f"  kubectl apply -f {os.path.relpath(file)}", file=sys.stderr)
    if len(files) > _COMMANDS_TOLD:
        print(f"  and {len(files) - _COMMANDS_TOLD} more in {os.path.relpath(files[0].parent)}", file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except (SettingsError, RuntimeMismatchError, InstallationError) as error:
        sys.exit(str(error))
