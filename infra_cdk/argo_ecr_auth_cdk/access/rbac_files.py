"""Writes the RBAC manifests as files, one per target, for the administrators of the clusters to apply."""

from pathlib import Path

import yaml

from argo_ecr_auth_settings.access_plan import choose_access
from argo_ecr_auth_settings.rbac import make_rbac_manifests
from argo_ecr_auth_settings.resolve import resolve_targets
from argo_ecr_auth_settings.settings import Settings

_SUFFIX = ".rbac.yaml"


def write_rbac_files(directory: Path, *, settings: Settings, account: str | None, region: str | None) -> list[Path]:
    """Write a file for each target that needs one, delete the files of other targets, return the written files.

    `account` and `region` are the stack's, None if unknown at synth. They identify each target's cluster: targets of
    one cluster share its Roles. A target with `access: edit-policy` needs no file. A target with `access: none` needs
    one, because only the mapping of the function's role to the Kubernetes group is set up by hand.
    """
    group = settings.installation
    targets = [
        target
        for target, written in zip(
            resolve_targets(settings, region=region or "", account=account), settings.targets, strict=True
        )
        if choose_access(written, settings=settings) != "edit-policy"
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
            "# Generated. An administrator of the cluster applies it; `kubectl delete -f` reverts it.\n"
            f"{manifests}"
        )
        files.append(file)
    return files
