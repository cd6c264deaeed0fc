"""Downloads Kubernetes, the registry, Argo CD, helm and kustomize or builds them, on a machine that lacks them.

What is not published is built from Go modules, which have their versions in `go.mod` and `go.sum`. This happens once
per machine and version: the result is kept outside the checkout.
"""

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.local_cloud import binaries_download
from tests.local_cloud.binaries_download import PUBLISHED, Hosts
from tests.local_cloud.terminal import show_progress

_HERE = Path(__file__).parent
_GO_REQUIREMENTS = _HERE / "requirements-go.txt"


@dataclass(frozen=True, kw_only=True)
class GoModule:
    """A folder beside this file, with a `go.mod`, a `go.sum` and a folder for each command of its own.

    `commands` are the packages by the names that the programs get; a package of its own begins with `./`.
    """

    folder: str
    title: str  # for messages
    minutes: int  # that a build takes, about
    versioned_by: str  # the required module whose version is the version of the whole
    commands: Mapping[str, str]
    stamps: Callable[[str], Mapping[str, str]] = lambda _: {}  # from the version: the variables that the linker sets
    folders: Mapping[str, str] = field(default_factory=dict)  # of `versioned_by`, to be copied beside the programs

    @property
    def path(self) -> Path:
        return _HERE / self.folder

    @property
    def version(self) -> str:
        pinned = re.search(
            rf"^\t{re.escape(self.versioned_by)} v(\S+)$", (self.path / "go.mod").read_text(), re.MULTILINE
        )
        if pinned is None:
            raise ValueError(f"{self.folder}/go.mod names no version of {self.versioned_by}")
        return pinned[1]


def _kubernetes_stamps(version: str) -> dict[str, str]:
    major, minor, _ = version.split(".")
    stamps = {"gitVersion": f"v{version}", "gitMajor": major, "gitMinor": minor}
    return {f"k8s.io/component-base/version.{name}": value for name, value in stamps.items()}


KUBERNETES = GoModule(
    folder="kubernetes",
    title="Kubernetes",
    minutes=5,
    versioned_by="k8s.io/kubernetes",
    commands={name: f"./{name}" for name in ("kube-apiserver", "etcd", "kubectl")},
    stamps=_kubernetes_stamps,
)
DISTRIBUTION = GoModule(
    folder="distribution",
    title="a registry, distribution",
    minutes=2,
    versioned_by="github.com/distribution/distribution/v3",
    commands={name: f"./{name}" for name in ("registry", "htpasswd")},
)
ARGO_CD = GoModule(
    folder="argo-cd",
    title="Argo CD",
    minutes=10,
    versioned_by="github.com/argoproj/argo-cd/v3",
    commands={
        "argocd": "github.com/argoproj/argo-cd/v3/cmd",
        "credentials": "./credentials",
        "miniredis": "./miniredis",
    },
    stamps=lambda version: {"github.com/argoproj/argo-cd/v3/common.version": version},
    folders={"crds": "manifests/crds"},
)
HELM = GoModule(
    folder="helm",
    title="helm",
    minutes=5,
    versioned_by="helm.sh/helm/v4",
    commands={"helm": "helm.sh/helm/v4/cmd/helm"},
)
KUSTOMIZE = GoModule(
    folder="kustomize",
    title="kustomize",
    minutes=2,
    versioned_by="sigs.k8s.io/kustomize/kustomize/v5",
    commands={"kustomize": "sigs.k8s.io/kustomize/kustomize/v5"},
)


def cache_folder() -> Path:
    return (Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "argo-ecr-auth").absolute()


def find_built(module: GoModule) -> Path:
    """The folder with the module's commands, which may not be there yet."""
    return cache_folder() / f"{module.folder}-{module.version}"


def find_or_build(module: GoModule, *, hosts: Hosts = PUBLISHED) -> Path:
    """The folder with the module's commands, in a cache that processes may share. What is published is downloaded."""
    finished, cache = find_built(module), cache_folder()
    if finished.exists():
        return finished
    cache.mkdir(parents=True, exist_ok=True)
    with _lock_build(module, cache):
        if not finished.exists():
            # The downloads and objects of an interrupted build are used again.
            build_folder = cache / f"{finished.name}.build"
            _print_progress(f"Getting {module.title} {module.version} once (this machine has none), in {build_folder}")
            with show_progress(f"getting {module.title}", about=60 * module.minutes, stream=sys.stderr):
                _build(module, build_folder, hosts=hosts)
            (build_folder / "bin").rename(finished)
            shutil.rmtree(build_folder)
    return finished


def _build(module: GoModule, build_folder: Path, *, hosts: Hosts) -> None:
    output = build_folder / "bin"
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    binaries_download.download(module.folder, module.version, output, hosts=hosts)
    missing = {name: package for name, package in module.commands.items() if not (output / name).exists()}
    if missing or module.folders:
        _compile(module, missing, build_folder, output)


def _compile(module: GoModule, commands: Mapping[str, str], build_folder: Path, output: Path) -> None:
    flags = " ".join(("-s -w", *(f"-X {name}={value}" for name, value in module.stamps(module.version).items())))
    arguments = ["-trimpath", f"-ldflags={flags}"]
    environment = {
        **{name: value for name, value in os.environ.items() if name not in ("GOOS", "GOARCH", "GOWORK")},
        "CGO_ENABLED": "0",
        # Go makes downloaded modules read-only by default, so that nobody could remove them.
        "GOFLAGS": "-mod=readonly -modcacherw -buildvcs=false",
        "GOMODCACHE": str(build_folder / "modules"),
        "GOCACHE": str(build_folder / "objects"),
    }
    go, log = _find_go(build_folder, module.path), build_folder / "build.log"
    _run("downloading", [go, "mod", "download"], environment, log, folder=module.path)
    for name, package in commands.items():
        command: list[str | Path] = [go, "build", *arguments, "-o", output / name, package]
        _run(f"compiling {name}", command, environment, log, folder=module.path)
    source = build_folder / "modules" / f"{module.versioned_by}@v{module.version}"
    for name, folder in module.folders.items():
        shutil.copytree(source / folder, output / name)


def _find_go(build_folder: Path, module: Path) -> Path:
    """The machine's Go if it is new enough for the module, else the Go of a Python package."""
    if (go := shutil.which("go")) and not subprocess.run(
        [go, "list", "-m"], cwd=module, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    ).returncode:
        return Path(go)
    toolchain = build_folder / "toolchain"
    install = ["install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps", "--upgrade"]
    command: list[str | Path] = [sys.executable, "-m", "pip", *install, "--target", toolchain, "-r", _GO_REQUIREMENTS]
    _run("fetching Go", command, os.environ, build_folder / "build.log", folder=_HERE)
    return toolchain / "go" / "bin" / "go"


def _run(what: str, command: Sequence[str | Path], environment: Mapping[str, str], log: Path, *, folder: Path) -> None:
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output)
        try:
            process.wait()
        finally:
            process.kill()
            process.wait()
    if process.returncode:
        lines = "\n".join(log.read_text().splitlines()[-20:])
        raise RuntimeError(f"{what} failed. The end of {log}:\n{lines}")


@contextlib.contextmanager
def _lock_build(module: GoModule, cache: Path) -> Iterator[None]:
    """One build at a time. The lock ends with the process."""
    with (cache / f"{module.folder}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _print_progress(f"Waiting for another process, which builds {module.title}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _print_progress(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
