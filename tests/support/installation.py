"""The CDK app, deployed into a local cloud with the real CDK CLI, and what an operator does with it."""

import base64
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.local_cloud import binaries
from tests.local_cloud.cloud import Cluster, LocalCloud

ROOT = Path(__file__).parents[2]
INSTALLATION = "argo-ecr-auth"
SECRET = "/api/v1/namespaces/argocd/secrets/ecr-auth"
CONFIG_MAP = "/api/v1/namespaces/argocd/configmaps/ecr-auth"


_INVOKE_ATTEMPTS = 5
_SECONDS_TO_FIRST_RUN = 120  # the second one where the first fails


def make_tool_path() -> dict[str, str]:
    """The PATH for the CDK CLI: Node.js may come from a Python package."""
    return {"PATH": f"{ROOT / '.venv/bin'}:{os.environ['PATH']}"}


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """The answer to an invocation by hand."""

    failed: bool
    answer: dict[str, Any]

    @property
    def results(self) -> list[dict[str, Any]]:
        answer = json.loads(self.answer["errorMessage"]) if self.failed else self.answer
        return list(answer["results"])


@dataclass(kw_only=True)
class Installation:
    """A deployment of the CDK app."""

    cloud: LocalCloud
    cluster: Cluster
    output: Path
    context: dict[str, str] = field(default_factory=dict)

    def cdk(self, command: str, *arguments: str) -> str:
        """Run the CDK CLI; its standard output and error."""
        done = self._run(str(ROOT / ".venv/bin/cdk"), command, *arguments, stderr=subprocess.STDOUT)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def make(self, target: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Run the program of `make deploy` or `make destroy`, with the real CDK CLI and no terminal."""
        return self._run(sys.executable, "-m", "argo_ecr_auth_deploy.steps", target, *options, stderr=subprocess.PIPE)

    def deploy(self) -> None:
        """Deploy what was synthesized."""
        self.cdk("deploy", "--all", "--require-approval=never", f"--app={self.output}")

    def apply_manifests(self) -> None:
        command = [str(binaries.find().kubectl), "apply", "-f", str(self.output / "rbac")]
        environment = self.cloud.environment() | {"KUBECONFIG": str(self.cluster.kubeconfig)}
        subprocess.run(command, env=environment, check=True, capture_output=True)

    def outputs(self) -> dict[str, str]:
        name = self.context.get("installation", INSTALLATION)
        (stack,) = self.cloud.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def invoke(self, event: object) -> Invocation:
        name = self.outputs()["FunctionName"]
        for _ in range(_INVOKE_ATTEMPTS):
            response = self.cloud.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())
            invocation = Invocation(failed="FunctionError" in response, answer=json.loads(response["Payload"].read()))
            if not _was_ended_by_emulator(invocation):
                break
        return invocation

    def wait_for_the_schedule(self) -> None:
        """Wait until a run that the schedule started has created both objects."""
        deadline = time.monotonic() + _SECONDS_TO_FIRST_RUN
        while self.object(CONFIG_MAP) is None:
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.5)

    def object(self, path: str) -> dict[str, Any] | None:
        status, answer = self.cluster.admin.request("GET", path)
        assert status in {200, 404}, answer
        return dict(answer) if status == 200 else None

    def password(self) -> str:
        secret = self.object(SECRET)
        assert secret is not None, "there is no Secret"
        return base64.b64decode(secret["data"]["password"]).decode()

    def log(self) -> str:
        """The function's whole log."""
        logs = self.cloud.client("logs")
        groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
        events = [event for group in groups for event in logs.filter_log_events(logGroupName=group)["events"]]
        return "\n".join(event["message"] for event in events)

    def _run(self, *command: str, stderr: int) -> subprocess.CompletedProcess[str]:
        context = [f"--context={key}={value}" for key, value in self.context.items()]
        return subprocess.run(
            [*command, f"--output={self.output}", *context],
            cwd=ROOT,
            env=self.cloud.environment() | make_tool_path(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            check=False,
        )


def _was_ended_by_emulator(invocation: Invocation) -> bool:
    """Whether the emulator ended the process: it does so after a change of the configuration, also to new ones."""
    return str(invocation.answer.get("errorMessage")).startswith("Worker process exited")
