"""What the function is compared with: packages as pip installs them, and a CronJob's commands."""

import hashlib
import io
import os
import subprocess
import sys
import tempfile
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

from argo_ecr_auth_cdk.function.dependencies import REQUIREMENTS
from tests.local_cloud.binaries_build import cache_folder

_AWS_CLI = "awscli==1.46.3"  # of PyPI; version 2 is no package of it
_PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")


def install_whole_packages() -> Path:
    """A folder with the function's dependencies as pip installs them, byte code included; made once."""
    key = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()[:16]
    command = [*_PIP, "--require-hashes", "--no-deps", "--only-binary=:all:", "--requirement", str(REQUIREMENTS)]
    return _make_once(f"packages-{key}", lambda folder: _pip(sys.executable, [*command, "--target", str(folder)]))


def install_aws_cli() -> Path:
    """The program `aws` in an environment of its own; made once."""
    key = hashlib.sha256(_AWS_CLI.encode() + sys.version.encode()).hexdigest()[:16]
    folder = cache_folder(os.environ) / "benchmarks" / f"aws-cli-{key}"
    if not (folder / "ready").exists():  # an environment cannot be moved once it is made
        venv.create(folder, clear=True, with_pip=True)
        _pip(str(folder / "bin" / "python"), [*_PIP, _AWS_CLI])
        (folder / "ready").touch()
    return folder / "bin" / "aws"


def zip_size(folder: Path, *, without: tuple[str, ...] = ()) -> float:
    """The bytes of a folder's zip, without what starts with these names."""
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            name = file.relative_to(folder)
            if file.is_file() and not name.as_posix().startswith(without):
                archive.write(file, name)
    return len(zipped.getvalue())


def _make_once(name: str, make: Callable[[Path], None]) -> Path:
    cached = cache_folder(os.environ) / "benchmarks" / name
    if not cached.exists():
        cached.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cached.parent) as temporary:
            made = Path(temporary) / name
            make(made)
            made.rename(cached)
    return cached


def _pip(python: str, arguments: list[str]) -> None:
    subprocess.run([python, *arguments], check=True, stdin=subprocess.DEVNULL)
