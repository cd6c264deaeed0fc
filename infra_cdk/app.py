"""The entry point of the CDK CLI. The settings come from settings.yaml or from the CDK context."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import aws_cdk as cdk

from argo_ecr_auth_cdk.app import synthesize
from argo_ecr_auth_cdk.function.asset import UnsupportedRuntimeError
from argo_ecr_auth_cdk.function.dependencies import InstallationError
from argo_ecr_auth_settings.document import SettingsError

_SETTINGS_FILE = Path(__file__).parents[1] / "settings.yaml"
_MAX_COMMANDS = 10


def main() -> None:
    app = cdk.App()
    account, region = (os.environ.get(f"CDK_DEFAULT_{name}") for name in ("ACCOUNT", "REGION"))
    if app.node.try_get_context("cluster") and _SETTINGS_FILE.exists():
        print(f"{_SETTINGS_FILE.name} is not read, because -c cluster is given", file=sys.stderr)
    synthesized = synthesize(app, account=account, region=region, default_file=_SETTINGS_FILE)
    if synthesized.stack.bundling_required:  # not for `cdk destroy`
        _print_apply_commands(synthesized.manifests)


def _print_apply_commands(files: Sequence[Path]) -> None:
    """Print to stderr, because `cdk synth` prints the template to stdout."""
    if files:
        print("as each cluster's administrator, before or after the deployment:", file=sys.stderr)
    for file in files[:_MAX_COMMANDS]:
        print(f"  kubectl apply -f {os.path.relpath(file)}", file=sys.stderr)
    if len(files) > _MAX_COMMANDS:
        print(f"  and {len(files) - _MAX_COMMANDS} more in {os.path.relpath(files[0].parent)}", file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except (SettingsError, UnsupportedRuntimeError, InstallationError) as error:
        sys.exit(str(error))
