"""An environment of Lambda: a handler in a process of its own, which handles one event after another.

The emulator of the local cloud runs functions too, but does not say what its processes cost.
"""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from argo_ecr_auth_cdk.function.asset import assemble
from argo_ecr_auth_settings.resolve import format_targets_file
from argo_ecr_auth_settings.validation import validate_settings
from tests.benchmarks.processes import PYTHON, read_peak, wait
from tests.local_cloud.cloud import LocalCloud
from tests.local_cloud.environment import ARCHITECTURE
from tests.support.function import make_environment

TIMEOUT_SECONDS = 60
"""The deployed function's."""
RUN_SECONDS = TIMEOUT_SECONDS - 5
"""What the handler gives a run of it."""
_CHILD = Path(__file__).with_name("child.py")


@dataclass(frozen=True, kw_only=True)
class Run:
    """What the handler logged of one event, and the seconds that it took; of the process `peak_mb` and `open_files`."""

    results: list[dict[str, Any]]
    wall: float
    cpu: float
    cpu_of_requests: float | None
    peak_mb: float
    open_files: int

    @property
    def actions(self) -> dict[str, str]:
        return {result["target"]: result["action"] for result in self.results}


def find_errors(runs: Sequence[Run]) -> list[str]:
    """The first errors, for a message."""
    return [str(result["error"]) for run in runs for result in run.results if result["error"]][:3]


class Environment:
    """A process with a folder on its path, such as an asset, and with the permissions of its environment variables."""

    def __init__(
        self,
        folder: Path,
        *,
        variables: Mapping[str, str],
        module: str = "argo_ecr_auth.handler",
        more_folders: Sequence[Path] = (),
        requested: object = None,
    ) -> None:
        """After each run, the child requests what is `requested`."""
        self._process = subprocess.Popen(
            [*PYTHON, _CHILD, module, *more_folders],
            cwd=folder,
            env=dict(variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._write([requested])
        self._runs = self._read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.returncode is None:
            self._process.kill()
            self._process.communicate()

    def run_group(self, targets: Sequence[str], *, seconds: float = TIMEOUT_SECONDS, **order: bool) -> Run:
        """Handle the event of a schedule that names these targets."""
        (run,) = self.run([{"targets": list(targets), "scheduled": True, **order}], seconds=seconds)
        return run

    def run(self, events: Sequence[object], *, seconds: float = TIMEOUT_SECONDS) -> list[Run]:
        """Handle the events, one after the other."""
        self._write([[event, seconds] for event in events])
        runs = [run for _, run in zip(events, self._runs, strict=False)]
        if len(runs) < len(events):
            raise RuntimeError(f"the environment ended with {self._process.wait()}")
        return runs

    def end(self) -> float:
        """The seconds of processor time of the whole process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        seconds = wait(self._process)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return seconds

    def _write(self, values: Sequence[object]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("".join(json.dumps(value) + "\n" for value in values))
        self._process.stdin.flush()

    def _read(self) -> Iterator[Run]:
        results: list[dict[str, Any]] = []
        process = self._process.pid
        assert self._process.stdout is not None
        for line in self._process.stdout:
            printed = json.loads(line)
            if "action" in printed:
                results.append(printed)
            if "taken" in printed:
                yield Run(
                    results=results,
                    **printed["taken"],
                    cpu_of_requests=(printed["by_requests"] or {}).get("cpu"),
                    peak_mb=read_peak(process),
                    open_files=len(list(Path(f"/proc/{process}/fd").iterdir())),
                )
                results = []


def make_variables(cloud: LocalCloud, role: str) -> dict[str, str]:
    """The environment variables of the function with the permissions of a role."""
    return make_environment(cloud, role) | {
        "AWS_LAMBDA_FUNCTION_NAME": "x",
        "POWERTOOLS_METRICS_NAMESPACE": "ArgoEcrAuth",
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }


def make_asset(folder: Path, settings: object) -> Path:
    """Assemble the deployed function's asset."""
    folder.mkdir()
    assemble(folder, targets=format_targets_file(validate_settings(settings)), architecture=ARCHITECTURE)
    return folder
