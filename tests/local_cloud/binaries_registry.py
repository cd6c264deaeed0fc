"""Finds the programs `registry` (distribution) and `htpasswd`, or has both built (`binaries_build`)."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.local_cloud import binaries_build

_NAMES = ("docker-registry", "registry")  # the first is Debian's name


@dataclass(frozen=True, kw_only=True)
class RegistryBinaries:
    registry: Path
    htpasswd: Path


def find(environ: Mapping[str, str] = os.environ) -> RegistryBinaries:
    """From the PATH, else from our own cache, built if needed."""
    if found := _find_installed(environ):
        return found
    folder = binaries_build.find_or_build(binaries_build.DISTRIBUTION, binaries_build.cache_folder(environ))
    return RegistryBinaries(registry=folder / "registry", htpasswd=folder / "htpasswd")


def is_ready(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether `find` has nothing to build."""
    built = binaries_build.find_built(binaries_build.DISTRIBUTION, binaries_build.cache_folder(environ))
    return built.exists() or _find_installed(environ) is not None


def _find_installed(environ: Mapping[str, str]) -> RegistryBinaries | None:
    path = environ.get("PATH")
    htpasswd = shutil.which("htpasswd", path=path)
    for name in _NAMES:
        registry = shutil.which(name, path=path)
        if registry and htpasswd and _is_distribution(registry):
            return RegistryBinaries(registry=Path(registry), htpasswd=Path(htpasswd))
    return None


def _is_distribution(program: str) -> bool:
    """Whether it is this registry: other programs have the name too."""
    shown = subprocess.run(
        [program, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    return "/distribution" in shown.stdout
