"""Finds Argo CD's programs and the definitions of its custom resources, or has them built."""

import os
import re
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

from tests.local_cloud.binaries_build import ARGO_CD, HELM, KUSTOMIZE, GoModule, find_built, find_or_build

_HOW = (
    "ARGO_CD_ASSETS must name a folder with bin/argocd (the binary of an Argo CD release), bin/helm, bin/miniredis "
    "(serves at the port of its argument; github.com/alicebob/miniredis) and crds/ (manifests/crds of that release)"
)


@dataclass(frozen=True, kw_only=True)
class Assets:
    """The programs, and the folder with the definitions of Argo CD's custom resources."""

    argo_cd: Path  # all of Argo CD's programs in one; ARGOCD_BINARY_NAME chooses
    helm: Path
    redis: Path
    definitions: Path

    @cached_property  # the program has 200 MB
    def version(self) -> str:
        """Argo CD's, such as 3.2.11."""
        if built := _read_module_version(self.argo_cd, "github.com/argoproj/argo-cd/v3"):
            return built
        shown = _run(self.argo_cd, "version", "--client", "--short", ARGOCD_BINARY_NAME="argocd")
        return shown.partition(": v")[2].partition("+")[0].strip()

    @cached_property
    def helm_version(self) -> str:
        """helm's, such as 4.3.1."""
        for major in (3, 4):
            if built := _read_module_version(self.helm, f"helm.sh/helm/v{major}"):
                return built
        return _run(self.helm, "version", "--template={{.Version}}").removeprefix("v")

    def is_at_least(self, *version: int) -> bool:
        return tuple(int(part) for part in self.version.split("."))[: len(version)] >= version

    @property
    def kustomize(self) -> Path:
        """Beside Argo CD, else from our own cache, built if needed."""
        beside = self.argo_cd.with_name("kustomize")
        return beside if beside.exists() else find_or_build(KUSTOMIZE) / "kustomize"

    @property
    def credentials(self) -> Path:
        """Argo CD's own search for credentials, as a program; beside it, else built."""
        beside = self.argo_cd.with_name("credentials")
        return beside if beside.exists() else find_or_build(ARGO_CD) / "credentials"

    @classmethod
    def find(cls) -> Self:
        """From `ARGO_CD_ASSETS`, else from our own cache, built if needed."""
        if named := cls._find_named():
            return named
        argo_cd, helm = find_or_build(ARGO_CD), find_or_build(HELM)
        return cls(
            argo_cd=argo_cd / "argocd", helm=helm / "helm", redis=argo_cd / "miniredis", definitions=argo_cd / "crds"
        )

    @classmethod
    def find_missing(cls) -> list[GoModule]:
        """What `find` would have to build."""
        if cls._find_named():
            return []
        return [module for module in (ARGO_CD, HELM) if not find_built(module).exists()]

    @classmethod
    def _find_named(cls) -> Self | None:
        if not (named := os.environ.get("ARGO_CD_ASSETS")):
            return None
        folder = Path(named).absolute()
        programs = folder / "bin"
        found = cls(
            argo_cd=programs / "argocd",
            helm=programs / "helm",
            redis=programs / "miniredis",
            definitions=folder / "crds",
        )
        parts = (found.argo_cd, found.helm, found.redis, found.definitions)
        if missing := [str(part.relative_to(folder)) for part in parts if not os.access(part, os.X_OK)]:
            raise FileNotFoundError(f"ARGO_CD_ASSETS={named} lacks {', '.join(missing)}. {_HOW}")
        return found


def _read_module_version(program: Path, module: str) -> str | None:
    """From what Go writes into a program that is built from its module; a release is built from a checkout."""
    found = re.search(rf"\t{re.escape(module)}\tv(\d+\.\d+\.\d+)".encode(), program.read_bytes())
    return found[1].decode() if found else None


def _run(program: Path, *arguments: str, **environment: str) -> str:
    environment["HOME"] = str(Path.home())
    return subprocess.run([program, *arguments], env=environment, capture_output=True, text=True, check=True).stdout
