"""Argo CD's programs and custom resource definitions, from the folder that ARGO_CD_ASSETS names."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_HOW = (
    "Set ARGO_CD_ASSETS to a folder with bin/argocd (the binary of an Argo CD release), bin/helm, bin/miniredis "
    "(serves at the port of its argument; github.com/alicebob/miniredis) and crds/ (manifests/crds of that release)."
)


@dataclass(frozen=True, kw_only=True)
class Assets:
    folder: Path

    @property
    def programs(self) -> Path:
        return self.folder / "bin"

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

    @property
    def definitions(self) -> Path:
        return self.folder / "crds"

    @classmethod
    def find(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Raises FileNotFoundError with words that say how to get them."""
        if not (named := environ.get("ARGO_CD_ASSETS")):
            raise FileNotFoundError(f"Argo CD is not here: ARGO_CD_ASSETS is not set. {_HOW}")
        found = cls(folder=Path(named).absolute())
        parts = (found.argo_cd, found.helm, found.redis, found.definitions)
        if missing := [str(part.relative_to(found.folder)) for part in parts if not os.access(part, os.X_OK)]:
            raise FileNotFoundError(f"Argo CD is not here: {named} lacks {', '.join(missing)}. {_HOW}")
        return found
