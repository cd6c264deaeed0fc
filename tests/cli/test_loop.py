"""The loop: a drop-in for the original in-cluster tool."""

import base64
import json
import signal
import time
from pathlib import Path

from tests.cli.command_line import CommandLine, original_flags
from tests.local_cloud import ecr_token
from tests.local_cloud.cloud import Cluster
from tests.support.function import REGISTRY
from tests.support.objects import Objects

SOON = 5
"""Seconds: it takes a tenth of one, but this machine may be busy; a sleep or a call that hangs would take more."""


def test_the_originals_invocation_creates_the_secret_and_sleeps_until_sigterm(
    local: CommandLine, namespace: str, objects: Objects
) -> None:
    with local.in_terminal(*original_flags(namespace)) as terminal:
        terminal.wait_for(f"created {namespace}/ecr-auth")
        code, seconds = terminal.stop()

    token = ecr_token.parse(objects.password)
    assert (code, token.region) == (0, "us-east-1")
    assert "operator" in token.caller
    assert terminal.text.rstrip().endswith("stopped")
    assert seconds < SOON
    assert "Traceback" not in terminal.text
    assert objects.password not in terminal.raw


def test_flags_with_one_dash_are_the_same(local: CommandLine, namespace: str, objects: Objects) -> None:
    done = local.run(*(flag[1:] for flag in original_flags(namespace)), "--once")

    assert (done.returncode, done.stderr) == (0, "")
    assert objects.get("secrets") is not None


def test_it_looks_again_after_its_sleep_and_writes_nothing_when_nothing_is_due(
    local: CommandLine, namespace: str, objects: Objects
) -> None:
    with local.in_terminal(*original_flags(namespace)[:-1], "--sleep-between-checks", "1") as terminal:
        terminal.wait_for("created")
        versions = objects.versions
        terminal.wait_for("fresh")
        terminal.stop(signal.SIGINT)

    assert objects.versions == versions


def test_it_stops_in_the_middle_of_a_call_within_a_second(local: CommandLine, namespace: str, cluster: Cluster) -> None:
    with local.in_terminal(*original_flags(namespace)[:-1], "--sleep-between-checks", "1") as terminal:
        terminal.wait_for("fresh")
        cluster.freeze()
        try:
            _wait_for_a_call_that_hangs(terminal.process.pid)
            code, seconds = terminal.stop()
        finally:
            cluster.thaw()

    assert code == 0
    assert seconds < SOON


def _wait_for_a_call_that_hangs(pid: int) -> None:
    """A pass has a thread of its own, which a call that comes back ends soon."""
    deadline = time.monotonic() + 30
    since: float | None = None
    while since is None or time.monotonic() - since < 1.5:
        assert time.monotonic() < deadline, "no pass hangs"
        hangs = len(list(Path(f"/proc/{pid}/task").iterdir())) > 1
        since = (since or time.monotonic()) if hangs else None
        time.sleep(0.05)


def test_a_failing_pass_is_one_line_on_standard_error(local: CommandLine) -> None:
    done = local.run("--once", *original_flags("no-such-namespace"))

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "failed no-such-namespace/ecr-auth" in done.stderr
    assert "namespace" in done.stderr


def test_once_in_json(local: CommandLine, namespace: str, objects: Objects) -> None:
    done = local.run("--once", "-o", "json", *original_flags(namespace))

    said = json.loads(done.stdout)
    assert (done.returncode, said["action"], said["secret"]) == (0, "created", f"{namespace}/ecr-auth")
    assert objects.password not in done.stdout + done.stderr


def test_the_registry_decides_the_region_and_another_one_is_warned_about(
    local: CommandLine, namespace: str, objects: Objects
) -> None:
    flags = [flag for flag in original_flags(namespace) if not flag.startswith("--ecr-registry")]
    done = local.run("--once", *flags, f"--ecr-registry={REGISTRY.replace('us-east-1', 'eu-west-1')}")

    assert ecr_token.parse(objects.password).region == "eu-west-1"
    assert "--region us-east-1 is not used" in done.stderr


def test_an_eks_cluster_is_reached_with_ones_own_aws_credentials(
    command_line: CommandLine, cluster: Cluster, namespace: str, objects: Objects
) -> None:
    done = command_line.run(
        "--once", "--kube-config=eks", "--cluster", cluster.name, f"--namespace={namespace}", "--ecr-registry", REGISTRY
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert objects.get("secrets") is not None


def test_a_prefix_of_the_registry_is_the_secrets_url(local: CommandLine, namespace: str, objects: Objects) -> None:
    flags = [flag for flag in original_flags(namespace) if not flag.startswith("--ecr-registry")]

    assert local.run("--once", *flags, f"--ecr-registry={REGISTRY}/charts").returncode == 0
    assert base64.b64decode(objects.require("secrets")["data"]["url"]).decode() == f"{REGISTRY}/charts"


def test_it_does_not_import_rich(offline: CommandLine) -> None:
    """It prints lines, and its container stays small."""
    done = offline.run_python(
        "import sys; sys.modules['rich'] = None\n"
        "import argo_ecr_auth_cli.commands.loop, argo_ecr_auth_cli.__main__ as command\n"
        "sys.exit(command.main(['--ecr-registry', 'docker.io']) - 2)"
    )

    assert (done.returncode, done.stderr.count("\n")) == (0, 1)
