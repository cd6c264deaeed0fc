"""The function's asset: its dependencies, its package and its settings."""

import hashlib
import shutil
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_lambda as lambda_

from argo_ecr_auth_cdk.function.dependencies import PACKAGE, byte_compile, dependencies_key, installed_dependencies
from argo_ecr_auth_deployment.settings import RUNTIMES

# requirements.txt is for pip, py.typed for type checkers; caches and dot files are a machine's own.
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "py.typed", "requirements.txt", ".*")


class RuntimeMismatchError(Exception):
    """The synthesising Python cannot byte-compile for the function's runtime; the message says what to do."""


def this_runtime() -> str:
    """Lambda's name of the Python that synthesises."""
    return f"python{sys.version_info.major}.{sys.version_info.minor}"


def function_code(*, settings: bytes, runtime: str, architecture: str, bundling_required: bool) -> lambda_.Code:
    """The code of the function, with the settings at its root.

    The asset's hash is of what it is made from: it is the same for two checkouts, and a file that no one ships does
    not change it. Raises RuntimeMismatchError and InstallationError; nothing is installed where CDK wants no bundle
    (`cdk destroy`).
    """
    if fault := runtime_fault(runtime, python=this_runtime()):
        raise RuntimeMismatchError(fault)
    if bundling_required:
        installed_dependencies(runtime=runtime, architecture=architecture)
    return lambda_.Code.from_asset(
        str(PACKAGE),
        asset_hash_type=cdk.AssetHashType.CUSTOM,
        asset_hash=_hash(settings=settings, runtime=runtime, architecture=architecture),
        bundling=cdk.BundlingOptions(
            image=cdk.DockerImage.from_registry("unused"),
            local=_WithoutDocker(settings=settings, runtime=runtime, architecture=architecture),
        ),
    )


def assemble(directory: Path, *, settings: bytes, runtime: str, architecture: str) -> None:
    """Fill the directory with what the function needs, and nothing else."""
    dependencies = installed_dependencies(runtime=runtime, architecture=architecture)
    shutil.copytree(dependencies, directory, dirs_exist_ok=True)
    shutil.copytree(PACKAGE, directory / PACKAGE.name, ignore=_LEFT_OUT)
    (directory / "settings.json").write_bytes(settings)
    byte_compile(directory / PACKAGE.name, root=directory)
    _let_everybody_read(directory)


@jsii.implements(cdk.ILocalBundling)
class _WithoutDocker:
    def __init__(self, **made_of: Any) -> None:
        self._made_of = made_of

    def try_bundle(self, output_dir: str, *, image: cdk.DockerImage, **_: object) -> bool:  # noqa: ARG002 - jsii needs it
        assemble(Path(output_dir), **self._made_of)
        return True


def _let_everybody_read(directory: Path) -> None:
    """Whatever this user's umask: the zip keeps the modes, and Lambda reads the files as another user."""
    directory.chmod(0o755)
    for path in directory.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _hash(*, settings: bytes, runtime: str, architecture: str) -> str:
    found = hashlib.sha256()
    for part in (dependencies_key(runtime=runtime, architecture=architecture).encode(), settings, _own_source()):
        found.update(hashlib.sha256(part).digest())
    for path in sorted(_shipped(PACKAGE)):
        found.update(hashlib.sha256(path.relative_to(PACKAGE).as_posix().encode()).digest())
        found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def _own_source() -> bytes:
    return Path(__file__).read_bytes()


def _shipped(directory: Path) -> list[Path]:
    names = [path.name for path in directory.iterdir()]
    ignored = _LEFT_OUT(str(directory), names)
    found = [directory / name for name in names if name not in ignored]
    return [file for path in found for file in (_shipped(path) if path.is_dir() else [path])]


def runtime_fault(runtime: str, *, python: str) -> str | None:
    """Why a synth by this Python (a runtime's name) cannot make an asset for the runtime, and what to do."""
    if python not in RUNTIMES:
        return (
            f"runtime: Lambda has no {python}, and the Python that synthesises byte-compiles the function; "
            f"run `rm -rf .venv && make setup PYTHON={RUNTIMES[-1]}`"
        )
    if runtime != python:
        return (
            f"runtime: {runtime} needs a synth with that Python, for it byte-compiles the function; this is {python}: "
            f"run `rm -rf .venv && make setup PYTHON={runtime}`, or set runtime: {python}"
        )
    return None
