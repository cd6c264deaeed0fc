"""An environment of Lambda: the asset in a process of its own, which handles one event after another.

The emulator of the local cloud runs functions, too, but does not say what its processes cost. As in Lambda, nothing but
the asset can be imported, and the limit of open files is the same.
"""

import json
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from argo_ecr_auth_cdk.function.asset import assemble
from argo_ecr_auth_settings.resolve import format_targets_file
from argo_ecr_auth_settings.validation import validate_settings
from tests.local_cloud.cloud import LocalCloud
from tests.local_cloud.environment import CLOSED_PROXY
from tests.support.function import REGISTRY

TIMEOUT_SECONDS = 60
"""The deployed function's."""
RUN_SECONDS = TIMEOUT_SECONDS - 5
"""What the handler gives a run of it."""
_OPEN_FILES = 1024

# Not by getrusage: its maximum includes the process that started this one.
_PROCESS = """
import json, os, re, resource, sys, time
resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
sys.path.insert(0, os.getcwd())

class Context:
    function_name = memory_limit_in_mb = invoked_function_arn = aws_request_id = "x"
    def __init__(self, seconds):
        self.ends = time.monotonic() + seconds
    def get_remaining_time_in_millis(self):
        return int((self.ends - time.monotonic()) * 1000)

def measure(wall):
    peak = float(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
    files = len(os.listdir("/proc/self/fd"))
    cost = {"wall": wall, "cpu": time.process_time(), "peak_mb": peak, "open_files": files}
    print(json.dumps({"cost": cost}), flush=True)

started = time.monotonic()
from argo_ecr_auth.handler import handler
measure(time.monotonic() - started)
for line in sys.stdin:
    event, seconds = json.loads(line)
    started = time.monotonic()
    try:
        handler(event, Context(seconds))
    except Exception as error:
        if type(error).__name__ != "SyncFailed":
            raise
    measure(time.monotonic() - started)
"""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What the handler logged of one event, and its cost; of the process as a whole `peak_mb` and `open_files`."""

    results: list[dict[str, Any]] = field(default_factory=list)
    wall: float
    cpu: float
    peak_mb: float
    open_files: int

    @property
    def actions(self) -> dict[str, str]:
        return {result["target"]: result["action"] for result in self.results}


class Environment:
    """A process with the asset of a directory, and with the rights of a role."""

    def __init__(self, asset: Path, *, cloud: LocalCloud, role: str) -> None:
        key = cloud.assume(role)
        environment = cloud.settings() | {
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
            "AWS_SESSION_TOKEN": key["SessionToken"],
            "AWS_LAMBDA_FUNCTION_NAME": "x",
            "HTTPS_PROXY": CLOSED_PROXY,
            "NO_PROXY": "127.0.0.1",
            "POWERTOOLS_METRICS_NAMESPACE": "ArgoEcrAuth",
            "POWERTOOLS_LOG_LEVEL": "INFO",
        }
        # Not the Python of .venv: Lambda has no packages but those of the asset.
        python = getattr(sys, "_base_executable", sys.executable)
        program = _PROCESS.replace("OPEN_FILES", str(_OPEN_FILES))
        self._process = subprocess.Popen(
            [python, "-I", "-S", "-c", program],
            cwd=asset,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._cpu = 0.0
        self.start = self._read()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def run(self, targets: Sequence[str], *, seconds: float = TIMEOUT_SECONDS, **order: bool) -> Run:
        """Handle the event of a schedule that names these targets."""
        event = {"targets": list(targets), "scheduled": True, **order}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([event, seconds]) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> Run:
        results: list[dict[str, Any]] = []
        assert self._process.stdout is not None
        for line in self._process.stdout:
            printed = json.loads(line)
            if "cost" in printed:
                cost = printed["cost"]
                used, self._cpu = cost["cpu"] - self._cpu, cost["cpu"]
                return Run(results=results, **{**cost, "cpu": used})
            if "action" in printed:
                results.append(printed)
        raise RuntimeError(f"the environment ended with {self._process.wait()}")


def make_asset(directory: Path, targets: Sequence[dict[str, Any]]) -> Path:
    """Assemble the deployed function's asset, with one credential for each target."""
    directory.mkdir()
    architecture = "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"
    settings = validate_settings({"credentials": [{"registry": REGISTRY}], "targets": list(targets)})
    assemble(directory, targets=format_targets_file(settings), architecture=architecture)
    return directory
