"""The function's dependencies as its asset holds them: installed with pip, slimmed, byte-compiled, kept for next time.

No Docker: pip fetches the wheels of the function's platform, whatever the machine's. A Lambda's disk is read-only, so
that what is not byte-compiled is compiled anew at every cold start: three seconds instead of one.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import argo_ecr_auth

PACKAGE = Path(argo_ecr_auth.__file__).parent
REQUIREMENTS = PACKAGE / "requirements.txt"
LAMBDA_TASK_ROOT = "/var/task"
"""Where Lambda unpacks the asset; tracebacks name it, and the asset is the same wherever it was made."""

_WHEEL_PLATFORMS = {"arm64": "manylinux2014_aarch64", "x86_64": "manylinux2014_x86_64"}
# The services that the function speaks to.
_SERVICES = ("ecr", "ecr-public", "eks", "sts")

# What kubernetes/aio alone imports.
_DISTRIBUTIONS_LEFT_OUT = (
    *("aiohttp", "aiohttp_retry", "aiohappyeyeballs", "aiosignal"),
    *("attr", "attrs", "frozenlist", "multidict", "propcache", "yarl"),
)

# Never imported, and 110 of 137 MB. Tests import and run the rest.
_LEFT_OUT = (
    "kubernetes/aio",  # the client for asyncio
    "kubernetes/client/api/*.py",  # the typed API; they are imported by name, and the function goes without
    "kubernetes/client/models/*.py",
    "botocore/data/*/",  # but for the services above
    *_DISTRIBUTIONS_LEFT_OUT,
    *(f"{name}-*.dist-info" for name in _DISTRIBUTIONS_LEFT_OUT),
    "aws_lambda_powertools/event_handler",
    "bin",
    # They differ between machines, or speak of the files that are left out. METADATA stays: Amazon Inspector reads it.
    *(f"*.dist-info/{name}" for name in ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")),
)
_KEPT = (
    "kubernetes/client/api/__init__.py",
    "kubernetes/client/models/__init__.py",
    *(f"botocore/data/{service}/" for service in _SERVICES),
)


class InstallationError(Exception):
    """pip could not install the function's dependencies; the message ends with pip's own words."""


def installed_dependencies(*, runtime: str, architecture: str) -> Path:
    """A directory with the dependencies, not to be written to. Raises InstallationError.

    Made once for each list of requirements, runtime and architecture; then it needs no network.
    """
    kept = _cache() / dependencies_key(runtime=runtime, architecture=architecture)
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        # Renamed when complete, for another synth may be making the same.
        with tempfile.TemporaryDirectory(dir=kept.parent, prefix="making-") as made:
            directory = Path(made) / "dependencies"
            _install(directory, runtime=runtime, architecture=architecture)
            for path in _left_out(directory):
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)  # it may be in a directory that is gone
            byte_compile(directory, root=directory)
            try:
                directory.rename(kept)
            except OSError:
                if not kept.exists():
                    raise
    return kept


def dependencies_key(*, runtime: str, architecture: str) -> str:
    """Changes when, and only when, what `installed_dependencies` makes does."""
    made_of = (REQUIREMENTS.read_bytes(), runtime.encode(), architecture.encode(), Path(__file__).read_bytes())
    return hashlib.sha256(b"\0".join(made_of)).hexdigest()[:32]


def byte_compile(directory: Path, *, root: Path) -> None:
    """Compile a directory that will be under the asset's root; unchecked hashes, for a zip keeps no exact times."""
    command = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    command += ["-s", str(root), "-p", LAMBDA_TASK_ROOT, str(directory)]
    # A set of constants is written in the order of its hashes.
    subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": "0"})  # noqa: S603 - our own command


def _install(directory: Path, *, runtime: str, architecture: str) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    command += ["--require-hashes", "--no-deps", "--requirement", str(REQUIREMENTS), "--target", str(directory)]
    command += ["--platform", _WHEEL_PLATFORMS[architecture], "--only-binary=:all:", "--implementation", "cp"]
    command += ["--python-version", runtime.removeprefix("python")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - our own command
    if done.returncode:
        raise InstallationError(f"the function's dependencies cannot be installed for {architecture}:\n{done.stderr}")


def _left_out(directory: Path) -> list[Path]:
    kept = {path for pattern in _KEPT for path in directory.glob(pattern)}
    return sorted({path for pattern in _LEFT_OUT for path in directory.glob(pattern)} - kept)


def _cache() -> Path:
    return Path.home() / ".cache" / "argo-ecr-auth" / "dependencies"
