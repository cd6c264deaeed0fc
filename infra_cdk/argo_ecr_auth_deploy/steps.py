"""Runs the CDK CLI for `make deploy` and `make destroy`: `steps deploy|destroy [ARGUMENTS OF CDK]`.

Before it, what it changes is shown, and a removal is confirmed. After it, what to do next is shown.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from argo_ecr_auth_cli.concurrency import map_concurrently
from argo_ecr_auth_cli.local_cloud import is_local_cloud
from argo_ecr_auth_deploy.bootstraps import find_missing_bootstraps
from argo_ecr_auth_deploy.changes import format_changes, list_changes
from argo_ecr_auth_deploy.clusters import find_missing_clusters, find_unready_clusters
from argo_ecr_auth_deploy.deployed import find_deleted_schedules, read_deployed_record, read_expiries
from argo_ecr_auth_deploy.deployment import ROOT, Deployment, load_deployment
from argo_ecr_auth_deploy.destination import find_destination
from argo_ecr_auth_deploy.next_steps import describe_dropped, describe_leftovers, describe_next_steps
from argo_ecr_auth_settings.record import InstallationRecord

_NOTHING = InstallationRecord(targets={})
_CONCURRENCY = ("--concurrency", "10")


def main() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("command", choices=["deploy", "destroy"])
    parser.add_argument("-c", "--context", action="append", default=[])
    parser.add_argument("--profile")
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "cdk.out")
    parser.add_argument("-y", "--yes", action="store_true")
    parser.add_argument("--require-approval")
    arguments, _ = parser.parse_known_args()
    deployment = load_deployment(arguments.context, destination=find_destination(profile=arguments.profile))
    print(deployment.destination)
    try:
        {"deploy": _deploy, "destroy": _destroy}[arguments.command](arguments, deployment)
    except KeyboardInterrupt:
        sys.exit(130)


def _deploy(arguments: argparse.Namespace, deployment: Deployment) -> None:
    before = read_deployed_record(deployment)
    if faults := _find_faults(deployment, before=before or _NOTHING):
        sys.exit("\n".join(faults))
    commands = describe_dropped(before, deployment) if before else []
    may_remove = before is None or _show_changes(before, deployment.record, deployment=deployment)
    _print_lines(commands)
    if may_remove:
        _confirm("deploy", yes=arguments.yes)
    on_this_machine = is_local_cloud()
    approved = on_this_machine or arguments.yes or arguments.require_approval == "never"
    # With several stacks at once the CDK CLI cannot ask for approval.
    options = [*(["--require-approval", "never"] if on_this_machine else []), *(_CONCURRENCY if approved else [])]
    _run_cdk("deploy", *options)
    manifests = sorted((arguments.output / "rbac").glob("*.rbac.yaml"))
    _print_lines(describe_next_steps(deployment, manifests=manifests, profile=arguments.profile))
    _print_lines(commands)


def _find_faults(deployment: Deployment, *, before: InstallationRecord) -> list[str]:
    """Everything for which the deployment would fail halfway."""
    checks: list[Callable[[], Sequence[str]]] = [
        lambda: find_missing_bootstraps(deployment),
        lambda: find_missing_clusters(deployment),
        lambda: find_unready_clusters(deployment),
        lambda: find_deleted_schedules(deployment, before=before),
    ]
    answers = map_concurrently(lambda check: check(), checks, done=lambda: None)
    return [fault for faults in answers for fault in faults]


def _destroy(arguments: argparse.Namespace, deployment: Deployment) -> None:
    if deployment.settings.vpc:
        print("Lambda removes the function's network interfaces from the VPC late: this may wait 20 to 40 minutes")
    before = read_deployed_record(deployment) or deployment.record
    _show_changes(before, _NOTHING, deployment=deployment)
    _confirm("destroy", yes=arguments.yes)
    _run_cdk("destroy", *_CONCURRENCY, "--force")
    deleted = before if before.targets else deployment.record
    _print_lines(describe_leftovers(deleted, group=deployment.settings.installation))


def _run_cdk(command: str, *options: str) -> None:
    sys.stdout.flush()
    arguments = ["cdk", command, "--all", *options, *sys.argv[2:]]
    done = subprocess.run(arguments, check=False)  # noqa: S603 - as make's PATH and the operator say
    if done.returncode:
        sys.exit(done.returncode)


def _show_changes(before: InstallationRecord, after: InstallationRecord, *, deployment: Deployment) -> bool:
    """Print what changes for the targets. Return whether anything is removed."""
    changes = list_changes(before, after)
    is_removal = any(change.is_removal for change in changes)
    expiries = read_expiries(deployment, before=before) if is_removal else {}
    lines = list(format_changes(changes, expiries=expiries, now=datetime.now(UTC)))
    if before.check_every and after.check_every and before.check_every != after.check_every:
        lines.append(f"  the check interval is {after.check_every} instead of {before.check_every}")
    _print_lines(["what changes:", *lines] if lines else ["no target changes"])
    return is_removal


def _confirm(command: str, *, yes: bool) -> None:
    """Exit if an operator declines, or cannot be asked. `command` is `deploy` or `destroy`."""
    if yes:
        return
    if not sys.stdin.isatty():
        sys.exit(
            "stopped before a removal, because there is no terminal on which to ask. To confirm, add --yes: "
            f'make {command} ARGS="... --yes"'
        )
    try:
        answer = input(f"\n{command.capitalize()}? [y/N] ")
    except (EOFError, KeyboardInterrupt):
        print()
        answer = ""
    if answer.strip().lower() not in {"y", "yes"}:
        sys.exit("stopped: nothing was changed")


def _print_lines(lines: Sequence[str]) -> None:
    if lines:
        print("\n" + "\n".join(lines))


if __name__ == "__main__":
    main()
