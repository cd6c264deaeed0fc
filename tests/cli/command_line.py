"""Runs the command line as a process of its own, with nothing of this machine's AWS and no network beyond it."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tests.cli.terminal import Terminal
from tests.local_cloud.cloud import LocalCloud
from tests.local_cloud.environment import CLOSED_PROXY
from tests.support.function import REGISTRY
from tests.support.warm_process import run_module

ROOT = Path(__file__).parents[2]

_SOURCES = ":".join(str(ROOT / name) for name in ("lambda_src", "infra_cdk", "cli"))

CREDENTIAL = {"registry": REGISTRY}
"""The credential of these tests: a repository without a name, so that Argo CD sends the token to the registry only."""

COMMAND = [sys.executable, "-m", "argo_ecr_auth_cli"]
PROFILE = "pods"


@dataclass(frozen=True, kw_only=True)
class CommandLine:
    """Runs `argo-ecr-auth` as an operator of the local cloud would."""

    environment: Mapping[str, str] = field(repr=False)
    directory: Path

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end, with no terminal anywhere."""
        given = {**self.environment, **environment}
        # What Python reads when it starts needs a new process.
        if given["PYTHONPATH"] == _SOURCES and "PYTHONIOENCODING" not in given:
            return run_module(COMMAND[-1], *arguments, environment=given, directory=self.directory)
        return subprocess.run(
            [*COMMAND, *arguments],
            cwd=self.directory,
            env=given,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def run_unread(self, *arguments: str) -> tuple[int, bytes]:
        """Run it for a reader that has seen enough; the exit code and standard error."""
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=self.directory,
            env=dict(self.environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        process.stdout.close()
        _, said = process.communicate(timeout=60)
        return process.returncode, said

    def run_python(self, program: str) -> subprocess.CompletedProcess[str]:
        """Run a program of Python with the same environment."""
        return subprocess.run(
            [sys.executable, "-c", program],
            cwd=self.directory,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
        )

    def in_terminal(
        self, *arguments: str, columns: int = 120, environment: Mapping[str, str] | None = None
    ) -> Terminal:
        """Start it in a terminal of its own."""
        return Terminal(
            [*COMMAND, *arguments], cwd=self.directory, env={**self.environment, **(environment or {})}, columns=columns
        )

    def show(
        self, *arguments: str, columns: int = 120, environment: Mapping[str, str] | None = None
    ) -> tuple[int, Terminal]:
        """Run it to its end in a terminal; the exit code, and the terminal with what it shows."""
        with self.in_terminal(*arguments, columns=columns, environment=environment) as terminal:
            return terminal.end(), terminal

    def write_settings(self, *targets: Mapping[str, object], **others: object) -> None:
        """A settings.yaml where the commands look for it."""
        written = {"credentials": [{**CREDENTIAL, "verify": "off"}], "targets": list(targets), **others}
        (self.directory / "settings.yaml").write_text(yaml.safe_dump(written))


def without_network(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment from which only this machine is reached: ECR's registries meet a closed door."""
    proxies = {"HTTPS_PROXY": CLOSED_PROXY, "HTTP_PROXY": CLOSED_PROXY, "NO_PROXY": "127.0.0.1"}
    lower = {name.lower(): value for name, value in proxies.items()}
    plain = {name: value for name, value in environment.items() if name not in {"NO_COLOR", "FORCE_COLOR"}}
    return {**plain, **proxies, **lower, "PYTHONPATH": _SOURCES, "TERM": "xterm-256color"}


def make_command_line(cloud: LocalCloud, role: str, *, directory: Path) -> CommandLine:
    """The command line with a role's permissions."""
    return make_command_line_with(cloud, cloud.assume(role), directory=directory)


def make_command_line_with(cloud: LocalCloud, key: Mapping[str, str], *, directory: Path) -> CommandLine:
    """The command line with the permissions of a role's or a user's key."""
    environment = cloud.environment() | {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }
    if "SessionToken" in key:
        environment["AWS_SESSION_TOKEN"] = key["SessionToken"]
    return CommandLine(environment=without_network(environment), directory=directory)


def original_flags(namespace: str) -> list[str]:
    """The invocation of the original in-cluster tool, with all of its flags."""
    return [
        f"--aws-profile={PROFILE}",
        "--aws-region=us-east-1",
        f"--ecr-registry={REGISTRY}",
        "--kube-config=local",
        f"--namespace={namespace}",
        "--secret-name=ecr-auth",
        "--sleep-between-checks=20",
    ]
