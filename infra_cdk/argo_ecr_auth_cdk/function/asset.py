"""Builds the function's asset from its dependencies, its package and its targets."""

import hashlib
import shutil
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_lambda as lambda_

from argo_ecr_auth.core.targets import TARGETS_FILE
from argo_ecr_auth_cdk.function.dependencies import PACKAGE, byte_compile, hash_dependencies, install_dependencies
from argo_ecr_auth_settings.runtimes import RUNTIMES

# requirements.txt is for pip and py.typed for type checkers; caches and dot files are local to a machine.
_ignore_unshipped = shutil.ignore_patterns("__pycache__", "py.typed", "requirements.txt", ".*")


class UnsupportedRuntimeError(Exception):
    """The Python of the synth, which is the function's, is none of Lambda's; the message says what to do."""


def find_synth_runtime() -> str:
    """Lambda's name for the Python of this synth, which byte-compiles the function and so is also the function's."""
    return f"python{sys.version_info.major}.{sys.version_info.minor}"


def make_function_code(*, targets: bytes, architecture: str, bundling_required: bool) -> lambda_.Code:
    """The function's code, with the targets at its root.

    The asset's hash covers its inputs: two checkouts have the same hash, and files that are not shipped do not change
    it. If CDK needs no bundle (`cdk destroy`), nothing is installed, and any Python will do.
    Raises UnsupportedRuntimeError and InstallationError.
    """
    if bundling_required:
        check_runtime(find_synth_runtime())
        install_dependencies(architecture=architecture)
    return lambda_.Code.from_asset(
        str(PACKAGE),
        asset_hash_type=cdk.AssetHashType.CUSTOM,
        asset_hash=_hash_asset(targets=targets, architecture=architecture),
        bundling=cdk.BundlingOptions(
            image=cdk.DockerImage.from_registry("unused"),
            local=_LocalBundling(targets=targets, architecture=architecture),
        ),
    )


def assemble(directory: Path, *, targets: bytes, architecture: str) -> None:
    """Fill the directory with what the function needs, and nothing else."""
    shutil.copytree(install_dependencies(architecture=architecture), directory, dirs_exist_ok=True)
    shutil.copytree(PACKAGE, directory / PACKAGE.name, ignore=_ignore_unshipped)
    (directory / TARGETS_FILE).write_bytes(targets)
    byte_compile(directory / PACKAGE.name, root=directory)
    _make_readable(directory)


def check_runtime(runtime: str) -> None:
    """Raise UnsupportedRuntimeError if the function cannot run with this runtime."""
    if runtime not in RUNTIMES:
        raise UnsupportedRuntimeError(
            f"the function's Python is that of the synth, and {runtime} is none of {', '.join(RUNTIMES)}. "
            f"Run `rm -rf .venv && make setup PYTHON={RUNTIMES[-1]}`"
        )


@jsii.implements(cdk.ILocalBundling)
class _LocalBundling:
    """Builds the asset without Docker."""

    def __init__(self, **ingredients: Any) -> None:
        self._ingredients = ingredients

    def try_bundle(self, output_dir: str, *, image: cdk.DockerImage, **_: object) -> bool:  # noqa: ARG002 - jsii needs it
        assemble(Path(output_dir), **self._ingredients)
        return True


def _make_readable(directory: Path) -> None:
    """Set the modes regardless of the umask: the zip keeps them, and Lambda reads the files as another user."""
    directory.chmod(0o755)
    for path in directory.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _hash_asset(*, targets: bytes, architecture: str) -> str:
    dependencies = hash_dependencies(architecture=architecture).encode()
    ingredients = [dependencies, targets, Path(__file__).read_bytes()]
    for path in sorted(_list_shipped_files(PACKAGE)):
        ingredients += [path.relative_to(PACKAGE).as_posix().encode(), path.read_bytes()]
    return hashlib.sha256(b"".join(hashlib.sha256(ingredient).digest() for ingredient in ingredients)).hexdigest()


def _list_shipped_files(directory: Path) -> list[Path]:
    names = [path.name for path in directory.iterdir()]
    ignored = _ignore_unshipped(str(directory), names)
    shipped = [directory / name for name in names if name not in ignored]
    return [file for path in shipped for file in (_list_shipped_files(path) if path.is_dir() else [path])]
