"""What an operator does after the CDK CLI: commands that clean up the clusters, and those that look at the result."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from argo_ecr_auth_cli.installation import format_shared_options
from argo_ecr_auth_deploy.deployment import Deployment
from argo_ecr_auth_settings.leftovers import find_dropped, format_removal, list_objects
from argo_ecr_auth_settings.record import InstallationRecord
from argo_ecr_auth_settings.settings import format_interval


def describe_dropped(before: InstallationRecord, deployment: Deployment) -> list[str]:
    """The objects that the deployed stack writes and this deployment does not, and the commands that delete them."""
    kept = list_objects(deployment.record.targets.values())
    dropped = find_dropped(list_objects(before.targets.values()), kept)
    if not dropped:
        return []
    return [
        "these objects no longer belong to a target of the settings. They stay in the",
        "clusters, and their tokens expire within 12 hours. Delete them after the",
        "deployment (if the namespace has other credentials, apply the new manifest too):",
        *format_removal(dropped, kept=kept, group=deployment.settings.installation),
    ]


def describe_leftovers(before: InstallationRecord, *, group: str) -> list[str]:
    """What stays in the clusters when everything else is deleted."""
    return [
        "these objects stay in the clusters, with tokens of a deleted role.",
        "Delete them when nothing uses them:",
        *format_removal(list_objects(before.targets.values()), kept={}, group=group),
    ]


def describe_next_steps(deployment: Deployment, *, manifests: Sequence[Path], profile: str | None) -> list[str]:
    """What an operator does after a deployment with these manifests."""
    settings = deployment.settings
    chosen = {key: deployment.context.get(key) for key in ("settings", "cluster", "registry", "installation")}
    options = format_shared_options(argparse.Namespace(**chosen, profile=profile))
    lines = ["what to do next:"]
    if len(manifests) == 1:
        lines.append(f"  apply the manifest, if you have not yet: kubectl apply -f {os.path.relpath(manifests[0])}")
    elif manifests:
        # Not the folder: the Roles of all clusters have one name, and kubectl applies to one cluster.
        file = os.path.relpath(manifests[0].parent / "TARGET.rbac.yaml")
        lines.append(f"  for each cluster, if you have not yet: kubectl --context CONTEXT apply -f {file}")
    if settings.alarm_email:
        lines.append(f"  confirm the e-mail that SNS sent to {settings.alarm_email}, once")
    if intervals := [target.check_every for target in deployment.targets if target.enabled]:
        run = f".venv/bin/argo-ecr-auth invoke{options}"
        lines.append(f"  the schedule fires within {format_interval(max(intervals))}; to run now: {run}")
    else:
        lines.append("  every target is disabled: nothing renews tokens until you set `enabled: true` and deploy")
    return [
        *lines,
        f"  see when each token expires:     .venv/bin/argo-ecr-auth status{options}",
        f"  if something is wrong:           .venv/bin/argo-ecr-auth doctor{options}",
    ]
