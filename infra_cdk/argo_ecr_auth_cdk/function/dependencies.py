"""Installs the function's dependencies with pip, removes what it does not use, byte-compiles the rest and caches it.

No Docker: pip fetches the wheels of the function's platform on any machine. Lambda's disk is read-only, so that a
module without byte code would be compiled at every cold start: three seconds instead of one.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import argo_ecr_auth

PACKAGE = Path(argo_ecr_auth.__file__).parent
REQUIREMENTS = PACKAGE / "requirements.txt"
LAMBDA_TASK_ROOT = "/var/task"
"""Where Lambda unpacks the asset. Tracebacks name it, and the asset is the same on every machine that makes it."""

_WHEEL_PLATFORMS = {"arm64": "manylinux2014_aarch64", "x86_64": "manylinux2014_x86_64"}
# The AWS services that the function calls.
_SERVICES = ("ecr", "ecr-public", "eks", "sts")

_UNUSED_OF_KUBERNETES = ("config", "dynamic", "informer", "leaderelection", "stream", "watch")


@dataclass(frozen=True, kw_only=True)
class Cut:
    """What the function does not use of its dependencies. Tests import and run the rest."""

    paths: tuple[str, ...]  # globs under the asset's root
    reason: str
    saves: str  # of the installed files with their byte code, or of the processor time of the imports
    distributions: tuple[str, ...] = ()  # whose metadata goes with them


# Of all this the function imports nothing: its own code works the same with the packages whole.
CUTS = (
    Cut(paths=("kubernetes/aio",), reason="the client for asyncio", saves="63 MB"),
    Cut(
        paths=(
            "aiohttp",
            "aiohttp_retry",
            "aiohappyeyeballs",
            "aiosignal",
            "attr",
            "attrs",
            "frozenlist",
            "multidict",
            "propcache",
            "yarl",
        ),
        reason="only kubernetes/aio imports them",
        saves="12 MB",
        distributions=(
            "aiohttp",
            "aiohttp_retry",
            "aiohappyeyeballs",
            "aiosignal",
            "attrs",
            "frozenlist",
            "multidict",
            "propcache",
            "yarl",
        ),
    ),
    Cut(
        paths=("kubernetes/client/api/*.py", "kubernetes/client/models/*.py"),
        reason="the typed API; the function sends its own JSON",
        saves="52 MB",
    ),
    Cut(
        paths=tuple(f"kubernetes/{name}" for name in _UNUSED_OF_KUBERNETES),
        reason="kubeconfig files, watches, exec and the like; only kubernetes/__init__.py imports them, see EMPTIED",
        saves="0.9 MB",
    ),
    Cut(
        paths=(
            "requests",
            "requests_oauthlib",
            "oauthlib",
            "charset_normalizer",
            "websocket",
            "yaml",
            "_yaml",
            "durationpy",
        ),
        reason="only the packages of the line above import them",
        saves="6 MB",
        distributions=(
            "requests",
            "requests_oauthlib",
            "oauthlib",
            "charset_normalizer",
            "websocket_client",
            "pyyaml",
            "durationpy",
        ),
    ),
    Cut(paths=("botocore/data/*/",), reason="the services that the function does not call", saves="17 MB"),
    Cut(paths=("aws_lambda_powertools/event_handler",), reason="for functions behind HTTP", saves="3 MB"),
)
EMPTIED = (
    Cut(
        paths=("kubernetes/__init__.py", "kubernetes/utils/__init__.py"),
        reason="they import every part of the package; the function imports modules by their own names",
        saves="a fifth of the imports' processor time",
    ),
)
# pip's own. They differ between machines, or list removed files. METADATA stays, because Amazon Inspector reads it.
_LEFT_BY_PIP = ("bin", *(f"*.dist-info/{name}" for name in ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")))
_KEPT = (
    "kubernetes/client/api/__init__.py",
    "kubernetes/client/models/__init__.py",
    *(f"botocore/data/{service}/" for service in _SERVICES),
)


class InstallationError(Exception):
    """pip could not install the function's dependencies; the message ends with pip's own words."""


def install_dependencies(*, runtime: str, architecture: str) -> Path:
    """Return a directory with the dependencies, which the caller must not change. Raises InstallationError.

    It is made once for each list of requirements, runtime and architecture; after that it needs no network.
    """
    cached = (
        Path.home()
        / ".cache/argo-ecr-auth/dependencies"
        / hash_dependencies(runtime=runtime, architecture=architecture)
    )
    if not cached.exists():
        cached.parent.mkdir(parents=True, exist_ok=True)
        # Renamed when it is complete, because another synth may be making the same directory.
        with tempfile.TemporaryDirectory(dir=cached.parent, prefix="making-") as temporary:
            directory = Path(temporary) / "dependencies"
            _install(directory, runtime=runtime, architecture=architecture)
            _remove_unused(directory)
            byte_compile(directory, root=directory)
            try:
                directory.rename(cached)
            except OSError:
                if not cached.exists():
                    raise
    return cached


def hash_dependencies(*, runtime: str, architecture: str) -> str:
    """A hash of everything that `install_dependencies` makes its directory of."""
    made_of = (REQUIREMENTS.read_bytes(), runtime.encode(), architecture.encode(), Path(__file__).read_bytes())
    return hashlib.sha256(b"\0".join(made_of)).hexdigest()[:32]


def byte_compile(directory: Path, *, root: Path) -> None:
    """Compile a directory under the asset's root; with unchecked hashes, because a zip keeps no exact times."""
    command = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    command += ["-s", str(root), "-p", LAMBDA_TASK_ROOT, str(directory)]
    # The fixed seed, because a set of constants is written in the order of their hashes.
    subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": "0"})  # noqa: S603 - our own command


def _install(directory: Path, *, runtime: str, architecture: str) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    command += ["--require-hashes", "--no-deps", "--requirement", str(REQUIREMENTS), "--target", str(directory)]
    command += ["--platform", _WHEEL_PLATFORMS[architecture], "--only-binary=:all:", "--implementation", "cp"]
    command += ["--python-version", runtime.removeprefix("python")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - our own command
    if done.returncode:
        raise InstallationError(f"the function's dependencies cannot be installed for {architecture}:\n{done.stderr}")


def _remove_unused(directory: Path) -> None:
    kept = {path for pattern in _KEPT for path in directory.glob(pattern)}
    unused = [*_LEFT_BY_PIP]
    for cut in CUTS:
        unused += [*cut.paths, *(f"{name}-*.dist-info" for name in cut.distributions)]
    for path in {path for pattern in unused for path in directory.glob(pattern)} - kept:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)  # its directory may be removed already
    for pattern in (pattern for cut in EMPTIED for pattern in cut.paths):
        (directory / pattern).write_bytes(b"")
