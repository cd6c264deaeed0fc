"""The RBAC manifests as files, one per target, for whoever administers the clusters to apply."""

from collections.abc import Sequence
from pathlib import Path

import yaml

from argo_ecr_auth.core.rbac import make_rbac_manifests
from argo_ecr_auth.core.targets import Target, resolve_targets
from argo_ecr_auth_deployment.settings import DeploymentSettings

_SUFFIX = ".rbac.yaml"


def write_rbac_files(
    directory: Path, *, settings: DeploymentSettings, account: str | None, region: str | None
) -> list[Path]:
    """Write a file for each target that needs one, remove those of targets that are gone, return the written.

    `account` and `region` are the stack's, None where they are not known: targets of one cluster share its Roles. With
    `access: edit-policy` there is nothing to apply. With `access: none` there is, for the group that you give the
    function's role.
    """
    targets = resolve_targets(settings, region=region or "", account=account)
    due = [
        target
        for target, written in zip(targets, settings.targets, strict=True)
        if (written.access or settings.access) != "edit-policy"
    ]
    directory.mkdir(parents=True, exist_ok=True)
    for stale in directory.glob(f"*{_SUFFIX}"):
        stale.unlink()
    return [_write(directory, target, group=settings.installation, targets=due) for target in due]


def _write(directory: Path, target: Target, *, group: str, targets: Sequence[Target]) -> Path:
    file = directory / f"{target.name}{_SUFFIX}"
    manifests = yaml.safe_dump_all(make_rbac_manifests(target, group=group, targets=targets), sort_keys=False)
    file.write_text(
        f"# Lets the Kubernetes group {group} write these objects in the EKS cluster {target.cluster}, nothing else.\n"
        "# Generated. An administrator of that cluster applies it; `kubectl delete -f` takes it back.\n"
        f"{manifests}"
    )
    return file
