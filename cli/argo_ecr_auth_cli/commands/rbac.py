"""Prints the manifests that give the function its permissions in the clusters."""

import argparse
import os
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import yaml

from argo_ecr_auth.core.targets import Target
from argo_ecr_auth_cli.installation import Installation, choose_targets, load_installation
from argo_ecr_auth_cli.terminal.exits import OK, UNKNOWN, USAGE, CommandError
from argo_ecr_auth_cli.terminal.output import print_error, print_json, print_line, tolerate_closed_pipe
from argo_ecr_auth_cli.terminal.summary import format_names
from argo_ecr_auth_settings.rbac import make_rbac_manifests


def run(options: argparse.Namespace) -> int:
    """Print the targets' Roles and RoleBindings: YAML, or a List in JSON. Raises CommandError."""
    installation = load_installation(options, region=options.region or os.environ.get("AWS_REGION") or "")
    installation = replace(installation, targets=_with_places(installation.targets, options))
    targets = choose_targets(installation, options.targets)
    for target in targets:
        if not _needs_role(target, installation):
            print_error(f"{target.name} has access: edit-policy, which needs no Role")
    due = [target for target in targets if _needs_role(target, installation)]
    clusters = {(target.account, target.region, target.cluster) for target in due}
    if len(clusters) > 1 and (options.output == "json" or not sys.stdout.isatty()):
        names = format_names([target.name for target in due])
        raise CommandError(
            f"the targets are in {len(clusters)} clusters, but kubectl applies to one at a time: "
            f"name the targets of one of them ({names})",
            code=USAGE,
        )
    with tolerate_closed_pipe():
        _print(due, installation, as_list=options.output == "json")
    return OK


def _print(targets: Sequence[Target], installation: Installation, *, as_list: bool) -> None:
    sharing = [target for target in installation.targets if _needs_role(target, installation)]
    manifests = [make_rbac_manifests(target, group=installation.name, targets=sharing) for target in targets]
    if as_list:
        print_json(
            {"apiVersion": "v1", "kind": "List", "items": [manifest for group in manifests for manifest in group]}
        )
        return
    for target, group in zip(targets, manifests, strict=True):
        print_line(f"# For the EKS cluster {target.cluster}; kubectl apply -f, as an administrator of it")
        for manifest in group:
            for line in ("---", *yaml.safe_dump(manifest, sort_keys=False).splitlines()):
                print_line(line)


def _needs_role(target: Target, installation: Installation) -> bool:
    return installation.access[target.name] != "edit-policy"


def _with_places(targets: Sequence[Target], options: argparse.Namespace) -> tuple[Target, ...]:
    """The targets with the operator's region and account, if clusters of one name differ by them."""
    regions: dict[str, set[str]] = defaultdict(set)
    accounts: dict[str, set[str | None]] = defaultdict(set)
    for target in targets:
        regions[target.cluster].add(target.region)
        accounts[target.cluster].add(target.account)
    by_region = any(len(places) > 1 and "" in places for places in regions.values())
    by_account = any(len(places) > 1 and None in places for places in accounts.values())
    if not by_region and not by_account:
        return tuple(targets)
    # Boto3 takes its time.
    from argo_ecr_auth_cli.aws_session import find_region, sign_in  # noqa: PLC0415

    region = find_region(profile=options.profile, region=options.region)
    account = None
    if by_account:
        account = sign_in(profile=options.profile, region=region).account
        if account is None:
            raise CommandError("STS does not say which account your credentials belong to", code=UNKNOWN)
    return tuple(
        replace(target, region=target.region or region, account=target.account or account) for target in targets
    )
