"""Keeps one Secret fresh in a loop, as the original in-cluster tool does."""

import argparse
import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from argo_ecr_auth.api_server.eks_server import EksApiServers
from argo_ecr_auth.api_server.warm_cache import WarmCache
from argo_ecr_auth.core.registry import NotARegistryError, Registry, parse_registry
from argo_ecr_auth.core.results import Result
from argo_ecr_auth.core.timestamps import format_time
from argo_ecr_auth.credential import RunOptions
from argo_ecr_auth.run import run_targets
from argo_ecr_auth_cli.aws_session import open_sessions
from argo_ecr_auth_cli.health import is_healthy
from argo_ecr_auth_cli.kubeconfig import Kubeconfig
from argo_ecr_auth_cli.messages import OPERATOR
from argo_ecr_auth_cli.recording_servers import RecordingServers
from argo_ecr_auth_cli.terminal.exits import OK, UNHEALTHY, UNKNOWN, USAGE, CommandError, Stopped
from argo_ecr_auth_cli.terminal.output import print_error, print_line
from argo_ecr_auth_settings.document import KeyPath, SettingsDocument, SettingsError
from argo_ecr_auth_settings.loader import ORIGINAL_NAME
from argo_ecr_auth_settings.resolve import resolve_targets
from argo_ecr_auth_settings.settings import Settings, parse_duration
from argo_ecr_auth_settings.validation import validate_settings

_SECONDS = 120  # a pass's time at most
_TARGET, _CREDENTIAL = ("targets", 0), ("targets", 0, "credentials", 0)
_FLAGS: dict[KeyPath, str] = {
    (*_TARGET, "cluster"): "--cluster",
    (*_TARGET, "region"): "--region",
    (*_CREDENTIAL, "namespace"): "--namespace",
    (*_CREDENTIAL, "registry"): "--registry",
    (*_CREDENTIAL, "secret_name"): "--secret-name",
    (*_CREDENTIAL, "url"): "--registry",
}
"""The flags, by the settings that they set."""


def run(options: argparse.Namespace) -> int:
    """Loop until a signal comes, or pass once. Raises CommandError."""
    registry = _parse_registry(options.registry)
    settings = _make_settings(options, registry)
    region = options.region or registry.region
    (target,) = resolve_targets(settings, region=region)
    cache = WarmCache(sessions=open_sessions(profile=options.profile or None, region=registry.region))
    kubeconfig = None
    if options.kube_config != "eks":
        kubeconfig = Kubeconfig(options.kube_config)
        if region != registry.region:
            print_error(f"--region {region} is not used: the token is for {registry.region}, as the registry says")
    elif region != registry.region:
        print_error(f"--region {region} is the cluster's: the token is for {registry.region}, as the registry says")
    renew_before = parse_duration(settings.renew_before)
    print_it = _print_json_result if options.output == "json" else _print_result
    explain = (kubeconfig.identity if kubeconfig else OPERATOR).explain
    interval = options.sleep_between_checks

    def check() -> int:
        recorder = RecordingServers(kubeconfig or EksApiServers(cache))
        run_options = RunOptions(renew_before=renew_before, seconds=_SECONDS)
        (result,) = run_targets(
            (replace(target, check_every=timedelta(seconds=interval)),),
            options=run_options,
            cache=cache,
            now=lambda: datetime.now(UTC),
            servers=recorder,
            explain=explain,
        )
        print_it(result)
        if is_healthy(result, renew_before=renew_before):
            return OK
        return UNHEALTHY if recorder.observed_states else UNKNOWN

    if options.once:
        return check()
    _repeat(check, seconds=interval)
    return OK


def _repeat(check: Callable[[], int], *, seconds: int) -> None:
    with contextlib.suppress(Stopped):
        while True:
            check()
            time.sleep(seconds)
    print_error("stopped")


def _parse_registry(given: str) -> Registry:
    host = given.partition("/")[0]
    if not host:
        raise CommandError("--registry is missing: ACCOUNT.dkr.ecr.REGION.amazonaws.com (see --help)", code=USAGE)
    try:
        return parse_registry(host)
    except NotARegistryError as fault:
        raise CommandError(f"--registry: {fault}", code=USAGE) from None


def _make_settings(options: argparse.Namespace, registry: Registry) -> Settings:
    """The flags as settings, validated as those of a file."""
    if (options.cluster is not None) != (options.kube_config == "eks"):
        raise CommandError("--kube-config eks and --cluster go together", code=USAGE)
    credential = {"registry": registry.host, "name": ORIGINAL_NAME}
    credential |= {key: value for key in ("namespace", "secret_name") if (value := getattr(options, key))}
    if options.registry != registry.host:  # HOST/prefix
        credential["url"] = options.registry
    target: dict[str, object] = {"cluster": options.cluster or options.kube_config, "credentials": [credential]}
    if options.region:
        target["region"] = options.region
    document = SettingsDocument(content={"targets": [target]}, source="the command line", options=_FLAGS)
    try:
        return validate_settings(document)
    except SettingsError as error:
        raise CommandError(str(error), code=USAGE) from None


def _print_result(result: Result) -> None:
    left = f", {timedelta(seconds=result.seconds_to_expiry)} left" if result.seconds_to_expiry is not None else ""
    line = f"{result.action} {result.secret} for {result.registry}{left}"
    stamp = format_time(datetime.now(UTC))
    if result.failed:
        print_error(f"{stamp} {line}: {result.error}")
        return
    print_line(f"{stamp} {line}{f': {result.reason}' if result.reason else ''}")


def _print_json_result(result: Result) -> None:
    print_line(json.dumps({"time": format_time(datetime.now(UTC)), **result.as_dict()}))
