"""Finds Argo CD's programs and the definitions of its custom resources, or has them built."""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

from tests.local_cloud import binaries_build

_HOW = (
    "ARGO_CD_ASSETS must name a folder with bin/argocd (the binary of an Argo CD release), bin/helm, bin/miniredis "
    "(serves at the port of its argument; github.com/alicebob/miniredis) and crds/ (manifests/crds of that release)"
)


@dataclass(frozen=True, kw_only=True)
class Assets:
    """Two folders: the programs, and the definitions of Argo CD's custom resources."""

    programs: Path
    definitions: Path

    @property
    def argo_cd(self) -> Path:
        """All of Argo CD's programs in one; ARGOCD_BINARY_NAME chooses."""
        return self.programs / "argocd"

    @property
    def helm(self) -> Path:
        return self.programs / "helm"

    @property
    def redis(self) -> Path:
        return self.programs / "miniredis"

    @cached_property  # the program has 200 MB
    def version(self) -> str:
        """Argo CD's, such as 3.2.11, from what Go writes into a program of the modules that it is built of."""
        found = re.search(rb"\tgithub\.com/argoproj/argo-cd/v3\tv(\d+\.\d+\.\d+)", self.argo_cd.read_bytes())
        if found:
            return found[1].decode()
        # A release is built of a checkout, and knows its version only by itself.
        command = [str(self.argo_cd), "version", "--client", "--short"]
        environment = {"ARGOCD_BINARY_NAME": "argocd", "HOME": str(Path.home())}
        shown = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
        return shown.partition(": v")[2].partition("+")[0].strip()

    def is_at_least(self, *version: int) -> bool:
        return tuple(int(part) for part in self.version.split("."))[: len(version)] >= version

    @classmethod
    def find(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """From `ARGO_CD_ASSETS`, else from our own cache, built if needed."""
        if named := cls._find_named(environ):
            return named
        folder = binaries_build.find_or_build(binaries_build.ARGO_CD, binaries_build.cache_folder(environ))
        return cls(programs=folder, definitions=folder / "crds")

    @classmethod
    def find_ready(cls, environ: Mapping[str, str] = os.environ) -> Self | None:
        """As `find`, but None where they would have to be built."""
        built = binaries_build.find_built(binaries_build.ARGO_CD, binaries_build.cache_folder(environ))
        return cls.find(environ) if environ.get("ARGO_CD_ASSETS") or built.exists() else None

    @classmethod
    def _find_named(cls, environ: Mapping[str, str]) -> Self | None:
        if not (named := environ.get("ARGO_CD_ASSETS")):
            return None
        folder = Path(named).absolute()
        found = cls(programs=folder / "bin", definitions=folder / "crds")
        parts = (found.argo_cd, found.helm, found.redis, found.definitions)
        if missing := [str(part.relative_to(folder)) for part in parts if not os.access(part, os.X_OK)]:
            raise FileNotFoundError(f"ARGO_CD_ASSETS={named} lacks {', '.join(missing)}. {_HOW}")
        return found
