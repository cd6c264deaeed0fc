"""Installs the function's dependencies with pip, deletes unused files, byte-compiles the rest and caches the result.

It needs no Docker: pip downloads the wheels of the function's platform on any machine. Lambda's disk is read-only, so a
module without byte code would be compiled at every cold start, which would take three seconds instead of one.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution
from pathlib import Path

import argo_ecr_auth

PACKAGE = Path(argo_ecr_auth.__file__).parent
REQUIREMENTS = PACKAGE / "requirements.txt"
LAMBDA_TASK_ROOT = "/var/task"
"""Where Lambda unpacks the asset. The byte code contains this path, so every machine builds the same asset."""

_WHEEL_PLATFORMS = {"arm64": "manylinux2014_aarch64", "x86_64": "manylinux2014_x86_64"}
_ENDPOINTS = "botocore/data/endpoints.json"
_UNUSED_OF_KUBERNETES = ("config", "dynamic", "informer", "leaderelection", "stream", "watch")


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A part of the dependencies that the function does not use. Lists in a string are separated by spaces."""

    reason: str
    saves: str  # size of the installed files with their byte code, or CPU time of a cold start
    distributions: str = ""  # deleted, with their metadata
    paths: str = ""  # globs relative to the asset's root; matching files are deleted
    kept: str = ""  # globs of files that `paths` matches and that are kept
    emptied: str = ""  # modules that are replaced by empty ones, because only their packages are imported
    endpoints: str = ""  # the services that are kept in botocore's endpoints.json; all others are deleted


# The function behaves the same with the complete packages. The tests import and run what is left.
CUTS = (
    Cut(
        reason="the asyncio client of kubernetes, and what only it imports",
        saves="79 MB",
        paths="kubernetes/aio",
        distributions="aiohttp aiohttp_retry aiohappyeyeballs aiosignal attrs frozenlist multidict propcache yarl",
    ),
    Cut(
        reason="the typed API of kubernetes, and what only it imports; the function sends its own JSON",
        saves="65 MB",
        paths="kubernetes/client/api kubernetes/client/apis kubernetes/client/models kubernetes/client/api_*.py",
        distributions="pydantic pydantic_core annotated_types typing_inspection",
    ),
    Cut(
        reason="kubeconfig files, watches, exec and the like, and what only they import",
        saves="8 MB",
        paths=" ".join(f"kubernetes/{name}" for name in _UNUSED_OF_KUBERNETES),
        distributions="requests requests_oauthlib oauthlib charset_normalizer websocket_client pyyaml durationpy",
    ),
    Cut(
        reason="package modules that import all of the above; the function imports submodules directly",
        saves="a fifth of a cold start",
        emptied="kubernetes/__init__.py kubernetes/utils/__init__.py",
    ),
    Cut(
        reason="the AWS services that the function does not call",
        saves="18 MB",
        paths="botocore/data/*/",
        kept="botocore/data/ecr/ botocore/data/ecr-public/ botocore/data/eks/ botocore/data/sts/",
    ),
    Cut(
        reason="the endpoints of those services: botocore parses the file for its first client",
        saves="1.2 MB, an eighth of a cold start",
        endpoints="api.ecr api.ecr-public eks sts",
    ),
    Cut(reason="Powertools for functions behind HTTP", saves="3 MB", paths="aws_lambda_powertools/event_handler"),
)
# Files that pip adds. They differ between machines, or list deleted files. METADATA stays: Amazon Inspector reads it.
_LEFT_BY_PIP = "bin *.dist-info/RECORD *.dist-info/INSTALLER *.dist-info/REQUESTED *.dist-info/direct_url.json"


class InstallationError(Exception):
    """pip could not install the function's dependencies; the message ends with pip's output."""


def install_dependencies(*, architecture: str) -> Path:
    """Return a directory with the dependencies, which the caller must not change. Raises InstallationError.

    The directory is cached by requirements, this Python and architecture. Only the first call needs the network.
    """
    cached = Path.home() / ".cache/argo-ecr-auth/dependencies" / hash_dependencies(architecture=architecture)
    if not cached.exists():
        cached.parent.mkdir(parents=True, exist_ok=True)
        # Renamed when it is complete, because another synth may be building the same directory.
        with tempfile.TemporaryDirectory(dir=cached.parent, prefix="making-") as temporary:
            directory = Path(temporary) / "dependencies"
            _install(directory, architecture=architecture)
            _remove_unused(directory)
            byte_compile(directory, root=directory)
            try:
                directory.rename(cached)
            except OSError:
                if not cached.exists():
                    raise
    return cached


def hash_dependencies(*, architecture: str) -> str:
    """A hash of all inputs of `install_dependencies`."""
    python = str(sys.implementation.cache_tag)
    inputs = (REQUIREMENTS.read_bytes(), python.encode(), architecture.encode(), Path(__file__).read_bytes())
    return hashlib.sha256(b"\0".join(inputs)).hexdigest()[:32]


def byte_compile(directory: Path, *, root: Path) -> None:
    """Compile a directory under the asset's root, with unchecked hashes because a zip keeps no exact timestamps."""
    command = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    command += ["-s", str(root), "-p", LAMBDA_TASK_ROOT, str(directory)]
    # A fixed seed, because a set of constants is written in the order of their hashes.
    subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": "0"})  # noqa: S603 - our own command


def _install(directory: Path, *, architecture: str) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    command += ["--require-hashes", "--no-deps", "--requirement", str(REQUIREMENTS), "--target", str(directory)]
    command += ["--platform", _WHEEL_PLATFORMS[architecture], "--only-binary=:all:", "--implementation", "cp"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - our own command
    if done.returncode:
        raise InstallationError(f"the function's dependencies cannot be installed for {architecture}:\n{done.stderr}")


def _remove_unused(directory: Path) -> None:
    for cut in CUTS:
        _remove(list_cut_files(cut, directory))
        for module in cut.emptied.split():
            (directory / module).write_bytes(b"")
        if cut.endpoints:
            _keep_endpoints(directory / _ENDPOINTS, services=cut.endpoints.split())
    _remove(_list_files(directory, _LEFT_BY_PIP))
    for path in sorted(directory.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def _keep_endpoints(file: Path, *, services: Sequence[str]) -> None:
    endpoints = json.loads(file.read_bytes())
    for partition in endpoints["partitions"]:
        partition["services"] = {name: found for name, found in partition["services"].items() if name in services}
    file.write_text(json.dumps(endpoints))


def list_cut_files(cut: Cut, directory: Path) -> set[Path]:
    """The files that a cut deletes from a directory of packages. A distribution's metadata lists its files."""
    files = _list_files(directory, cut.paths) - _list_files(directory, cut.kept)
    for metadata in (path for name in cut.distributions.split() for path in directory.glob(f"{name}-*.dist-info")):
        files |= {directory / file for file in Distribution.at(metadata).files or () if ".." not in file.parts}
    return files


def _list_files(directory: Path, patterns: str) -> set[Path]:
    found = [path for pattern in patterns.split() for path in directory.glob(pattern)]
    return {file for path in found for file in (path.rglob("*") if path.is_dir() else [path]) if file.is_file()}


def _remove(files: set[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)  # the metadata's paths of scripts are not where pip puts them
