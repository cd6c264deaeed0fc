"""Writes the RBAC manifests as files, one per target, for the administrators of the clusters to apply."""

from pathlib import Path

import yaml

from argo_ecr_auth_settings.rbac import make_rbac_manifests
from argo_ecr_auth_settings.resolve import resolve_targets
from argo_ecr_auth_settings.settings import Settings

_SUFFIX = ".rbac.yaml"


def write_rbac_files(directory: Path, *, settings: Settings, account: str | None, region: str | None) -> list[Path]:
    """Write a file for each target that needs one, remove the files of other targets, return the written files.

    `account` and `region` are the stack's, None where they are not known at synth: they tell which targets are of one
    cluster and share its Roles. A target with `access: edit-policy` needs no file. One with `access: none` does: you
    give the Kubernetes group to the function's role yourself.
    """
    group = settings.installation
    targets = [
        target
        for target, written in zip(
            resolve_targets(settings, region=region or "", account=account), settings.targets, strict=True
        )
        if (written.access or settings.access) != "edit-policy"
    ]
    directory.mkdir(parents=True, exist_ok=True)
    for stale in directory.glob(f"*{_SUFFIX}"):
        stale.unlink()
    files = []
    for target in targets:
        manifests = yaml.safe_dump_all(make_rbac_manifests(target, group=group, targets=targets), sort_keys=False)
        file = directory / f"{target.name}{_SUFFIX}"
        file.write_text(
            f"# Lets the Kubernetes group {group} write these objects in the EKS cluster {target.cluster}, "
            "and nothing else.\n"
            "# Generated. An administrator of that cluster applies it; `kubectl delete -f` takes it back.\n"
            f"{manifests}"
        )
        files.append(file)
    return files
