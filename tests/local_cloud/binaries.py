"""Finds kube-apiserver, etcd and kubectl, or has them built (`binaries_build`)."""

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.local_cloud import binaries_build, binaries_download


@dataclass(frozen=True, kw_only=True)
class Binaries:
    kube_apiserver: Path
    etcd: Path
    kubectl: Path

    @classmethod
    def in_directory(cls, directory: Path) -> Self:
        return cls(kube_apiserver=directory / "kube-apiserver", etcd=directory / "etcd", kubectl=directory / "kubectl")

    def find_missing(self) -> list[str]:
        return [path.name for path in (self.kube_apiserver, self.etcd, self.kubectl) if not os.access(path, os.X_OK)]


def find() -> Binaries:
    """From `KUBEBUILDER_ASSETS`, else from the store of setup-envtest, else from our own cache, built if needed."""
    if assets := os.environ.get("KUBEBUILDER_ASSETS"):
        named = Binaries.in_directory(Path(assets).absolute())
        if missing := named.find_missing():
            raise FileNotFoundError(f"KUBEBUILDER_ASSETS={assets} lacks {', '.join(missing)}")
        return named
    for directory in _list_envtest_folders(_find_envtest_store()):
        if not (stored := Binaries.in_directory(directory)).find_missing():
            return stored
    return Binaries.in_directory(binaries_build.find_or_build(binaries_build.KUBERNETES))


def _find_envtest_store() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "io.kubebuilder.envtest" / "k8s"
    return Path.home() / ".local" / "share" / "kubebuilder-envtest" / "k8s"


def _list_envtest_folders(store: Path) -> list[Path]:
    """The store's folders for this machine, named VERSION-OS-ARCH, newest first."""
    name = re.compile(rf"(\d+)\.(\d+)\.(\d+)-{re.escape(binaries_download.find_system())}")
    folders = {
        tuple(int(part) for part in match.groups()): folder
        for folder in (store.iterdir() if store.is_dir() else ())
        if (match := name.fullmatch(folder.name))
    }
    return [folders[version] for version in sorted(folders, reverse=True)]
