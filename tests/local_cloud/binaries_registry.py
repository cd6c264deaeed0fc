"""Finds the programs `registry` (distribution) and `htpasswd`, or has both built (`binaries_build`)."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.local_cloud import binaries_build

_NAMES = ("docker-registry", "registry")  # the first is Debian's name


@dataclass(frozen=True, kw_only=True)
class RegistryBinaries:
    registry: Path
    htpasswd: Path


def find() -> RegistryBinaries:
    """From the PATH, else from our own cache, built if needed."""
    if found := _find_installed():
        return found
    folder = binaries_build.find_or_build(binaries_build.DISTRIBUTION)
    return RegistryBinaries(registry=folder / "registry", htpasswd=folder / "htpasswd")


def is_ready() -> bool:
    """Whether `find` has nothing to build."""
    return binaries_build.find_built(binaries_build.DISTRIBUTION).exists() or _find_installed() is not None


def _find_installed() -> RegistryBinaries | None:
    htpasswd = shutil.which("htpasswd")
    for name in _NAMES:
        registry = shutil.which(name)
        if registry and htpasswd and _is_distribution(registry):
            return RegistryBinaries(registry=Path(registry), htpasswd=Path(htpasswd))
    return None


def _is_distribution(program: str) -> bool:
    """Whether it is this registry: other programs have the name too."""
    shown = subprocess.run(
        [program, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    return "/distribution" in shown.stdout
