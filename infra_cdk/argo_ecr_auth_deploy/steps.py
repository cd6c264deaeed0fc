"""The steps of `make deploy` and `make destroy` around the CDK CLI: `steps STEP [ARGUMENTS OF CDK]`."""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from argo_ecr_auth.core.targets import Target
from argo_ecr_auth_cli.installation import format_shared_options
from argo_ecr_auth_deploy.clusters import find_missing_clusters, find_unready_clusters
from argo_ecr_auth_deploy.destination import Destination, find_destination
from argo_ecr_auth_settings.context import load_context_document
from argo_ecr_auth_settings.document import SettingsError
from argo_ecr_auth_settings.leftovers import METADATA_KEY, Objects, find_dropped, format_removal, list_objects
from argo_ecr_auth_settings.resolve import resolve_targets
from argo_ecr_auth_settings.settings import Settings
from argo_ecr_auth_settings.validation import validate_settings

_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """What a command of CDK deploys, and where."""

    settings: Settings
    targets: tuple[Target, ...]
    context: Mapping[str, str]
    destination: Destination


def main() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("step", choices=["before-deploy", "after-deploy", "before-destroy", "after-destroy"])
    parser.add_argument("-c", "--context", action="append", default=[])
    parser.add_argument("--profile")
    parser.add_argument("-o", "--output", type=Path, default=_ROOT / "cdk.out")
    arguments, _ = parser.parse_known_args()
    deployment = _load_deployment(arguments.context, destination=find_destination(profile=arguments.profile))
    try:
        _take_step(arguments, deployment)
    except (BotoCoreError, ClientError) as error:
        print(f"what stays in the clusters is not checked: {error}", file=sys.stderr)


def _take_step(arguments: argparse.Namespace, deployment: Deployment) -> None:
    match arguments.step:
        case "before-deploy":
            print(deployment.destination)
            faults = find_missing_clusters(deployment.targets, destination=deployment.destination)
            faults += find_unready_clusters(
                deployment.settings, targets=deployment.targets, destination=deployment.destination
            )
            if faults:
                sys.exit("\n".join(faults))
            _print_lines(describe_dropped(deployment, template=read_deployed_template(deployment)))
        case "after-deploy":
            manifests = sorted((arguments.output / "rbac").glob("*.rbac.yaml"))
            _print_lines(describe_next_steps(deployment, manifests=manifests, profile=arguments.profile))
        case "before-destroy":
            print(deployment.destination)
            if deployment.settings.vpc:
                print(
                    "Lambda removes the function's network interfaces from the VPC late: this may wait 20 to 40 minutes"
                )
        case _ if read_deployed_template(deployment) is None:  # otherwise the deletion was declined
            _print_lines(describe_leftovers(deployment))


def read_deployed_template(deployment: Deployment) -> Mapping[str, Any] | None:
    """The template of the deployed stack, None if there is no stack. Raises ClientError and BotoCoreError."""
    client = deployment.destination.sessions.client("cloudformation", region=deployment.destination.region)
    try:
        template: Any = client.get_template(StackName=deployment.settings.installation)["TemplateBody"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "ValidationError":
            return None
        raise
    return dict(json.loads(template) if isinstance(template, str) else template)


def describe_dropped(deployment: Deployment, *, template: Mapping[str, Any] | None) -> list[str]:
    """The objects that the deployed stack writes and this deployment does not, and the commands that delete them."""
    before: Objects = (template or {}).get("Metadata", {}).get(METADATA_KEY, {})
    kept = list_objects(deployment.targets)
    dropped = find_dropped(before, kept)
    if not dropped:
        return []
    return [
        "these objects no longer belong to a target of the settings. They stay in the clusters. Their tokens expire",
        "within 12 hours. Delete them after the deployment (if the namespace has other credentials, apply the new",
        "manifest too):",
        *format_removal(dropped, kept=kept, group=deployment.settings.installation),
    ]


def describe_leftovers(deployment: Deployment) -> list[str]:
    """What stays in the clusters when everything else is deleted."""
    return [
        "these objects stay in the clusters, with tokens of a deleted role. Delete them when nothing uses them:",
        *format_removal(list_objects(deployment.targets), kept={}, group=deployment.settings.installation),
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
    return [
        *lines,
        f"  the schedule fires within {settings.check_every}; to run now: .venv/bin/argo-ecr-auth invoke{options}",
        f"  see when each token expires:     .venv/bin/argo-ecr-auth status{options}",
        f"  if something is wrong:           .venv/bin/argo-ecr-auth doctor{options}",
    ]


def _load_deployment(context: Sequence[str], *, destination: Destination) -> Deployment:
    configured = json.loads((_ROOT / "cdk.json").read_text())["context"]
    given = dict(option.split("=", 1) for option in context if "=" in option)
    try:
        document = load_context_document({**configured, **given}, default_file=_ROOT / "settings.yaml")
        settings = validate_settings(document, account=destination.account, region=destination.region)
    except SettingsError as error:
        sys.exit(str(error))
    targets = resolve_targets(settings, region=destination.region, account=destination.account)
    return Deployment(settings=settings, targets=targets, context=given, destination=destination)


def _print_lines(lines: Sequence[str]) -> None:
    if lines:
        print("\n" + "\n".join(lines))


if __name__ == "__main__":
    main()
