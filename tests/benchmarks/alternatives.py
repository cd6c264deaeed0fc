"""What the function is compared with: packages as pip installs them, and a CronJob's commands."""

import hashlib
import io
import subprocess
import sys
import tempfile
import venv
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from argo_ecr_auth_cdk.function.dependencies import REQUIREMENTS
from tests.benchmarks.processes import read_cpu, read_peak
from tests.benchmarks.scene import Scene
from tests.local_cloud.binaries_build import cache_folder
from tests.support.function import REGISTRY

_AWS_CLI = "awscli==1.46.3"  # of PyPI; version 2 is no package of it
_LOOP_WARM_UP, _LOOP_CHECKS = 3, 30
_PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")


def install_whole_packages() -> Path:
    """A folder with the function's dependencies as pip installs them, byte code included; made once."""
    key = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()[:16]
    command = [*_PIP, "--require-hashes", "--no-deps", "--only-binary=:all:", "--requirement", str(REQUIREMENTS)]
    return _make_once(f"packages-{key}", lambda folder: _pip(sys.executable, [*command, "--target", str(folder)]))


def install_aws_cli() -> Path:
    """The program `aws` in an environment of its own; made once."""
    key = hashlib.sha256(_AWS_CLI.encode() + sys.version.encode()).hexdigest()[:16]
    folder = cache_folder() / "benchmarks" / f"aws-cli-{key}"
    if not (folder / "ready").exists():  # an environment cannot be moved once it is made
        venv.create(folder, clear=True, with_pip=True)
        _pip(str(folder / "bin" / "python"), [*_PIP, _AWS_CLI])
        (folder / "ready").touch()
    return folder / "bin" / "aws"


@dataclass(frozen=True, kw_only=True)
class Loop:
    """Seconds of processor time of one idle check of the loop, and the most memory that its process had, in MB."""

    cpu: float
    peak_mb: float


def measure_loop(scene: Scene, *, namespace: str) -> Loop:
    """The command line's loop, which replaces the in-cluster tool."""
    command = [
        *(sys.executable, "-m", "argo_ecr_auth_cli", "loop", "--registry", REGISTRY, "--namespace", namespace),
        *("--secret-name", "ecr-0", "--kube-config", "local", "--sleep-between-checks", "1"),
    ]
    environment = scene.environment | {"KUBECONFIG": str(scene.cluster.kubeconfig)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(_LOOP_WARM_UP):
            process.stdout.readline()
        before = read_cpu(process.pid)
        lines = [process.stdout.readline() for _ in range(_LOOP_CHECKS)]
        after, peak_mb = read_cpu(process.pid), read_peak(process.pid)
        process.terminate()
    if not all(" fresh " in line for line in lines):
        raise RuntimeError(f"the loop is not idle: {lines}")
    return Loop(cpu=(after - before) / _LOOP_CHECKS, peak_mb=peak_mb)


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
    cached = cache_folder() / "benchmarks" / name
    if not cached.exists():
        cached.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cached.parent) as temporary:
            made = Path(temporary) / name
            make(made)
            made.rename(cached)
    return cached


def _pip(python: str, arguments: list[str]) -> None:
    subprocess.run([python, *arguments], check=True, stdin=subprocess.DEVNULL)
