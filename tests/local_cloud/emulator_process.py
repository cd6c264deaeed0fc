"""ministack, adjusted (`emulator`), as a process with a state directory: starting it, finding it, ending it."""

import http.client
import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.local_cloud import binaries, processes
from tests.local_cloud.environment import REGION

_ROOT = Path(__file__).parents[2]
_MARKER = "local-cloud.json"
_ATTEMPTS = 3
_START_SECONDS = 60
_HOOK_SECONDS = 120
_ALIVE_SECONDS = 5


class EmulatorProcess:
    """It ends with its `with` block (or with this process), unless it was started `detached`."""

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir.resolve()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def port(self) -> int:
        return int(json.loads((self.state_dir / _MARKER).read_text())["port"])

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def python(self) -> str:
        """The Python that runs functions, as `3.11`."""
        return str(json.loads(self.hook(""))["python"])

    def alive(self) -> bool:
        """Whether a cloud answers that has this state directory."""
        try:
            identity = json.loads(self.hook("", seconds=_ALIVE_SECONDS))
            return bool(identity["state_dir"] == str(self.state_dir))
        # Whatever has the port since may answer anything.
        except (OSError, http.client.HTTPException, RuntimeError, ValueError, KeyError, TypeError):
            return False

    def start(self, *, detached: bool = False) -> None:
        """Start it, where nothing is but perhaps what remains of a crashed one."""
        stop(self.state_dir)
        python = _ROOT / ".venv-cloud" / "bin" / "python"
        if not python.exists():
            raise FileNotFoundError("the local cloud's packages are missing: make .venv-cloud/ready")
        self.state_dir.mkdir(parents=True, mode=0o700)
        for _ in range(_ATTEMPTS):
            port = processes.free_port()
            (self.state_dir / _MARKER).write_text(json.dumps({"port": port}))
            self._process = self._launch(python, port, detached=detached)
            if self._becomes_ready(self._process):
                return
            processes.end_all(self.state_dir)
        raise RuntimeError(f"ministack does not start\n{self.last_words()}")

    def stop(self) -> None:
        """End all its processes and remove its files."""
        stop(self.state_dir)
        if self._process is not None:
            self._process.wait()
            if self._process.stdin is not None:
                self._process.stdin.close()
            self._process = None

    def hook(self, path: str, *, seconds: float = _HOOK_SECONDS) -> str:
        request = urllib.request.Request(f"{self.endpoint_url}/_local_cloud/{path}", method="POST")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=seconds) as response:
                answer: bytes = response.read()
        except urllib.error.HTTPError as error:
            with error:
                raise RuntimeError(error.read().decode()) from None
        return answer.decode()

    def last_words(self) -> str:
        """The end of its log."""
        return "\n".join((self.state_dir / "ministack.log").read_text().splitlines()[-20:])

    def _launch(self, python: Path, port: int, *, detached: bool) -> subprocess.Popen[bytes]:
        for directory in ("tmp", "home"):
            (self.state_dir / directory).mkdir(exist_ok=True)
        settings = {
            "PATH": os.defpath,
            "HOME": str(self.state_dir / "home"),
            "TMPDIR": str(self.state_dir / "tmp"),
            "S3_DATA_DIR": str(self.state_dir / "tmp" / "s3"),
            "STATE_DIR": str(self.state_dir / "tmp" / "state"),
            "LANG": "C.UTF-8",
            "PYTHONNOUSERSITE": "1",
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_REGION": REGION,
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LAMBDA_EXECUTOR": "local",
            "KUBEBUILDER_ASSETS": str(binaries.find().kubectl.parent),
        }
        with (self.state_dir / "ministack.log").open("ab") as log:
            return subprocess.Popen(
                [python, "-m", "tests.local_cloud.emulator", self.state_dir, *([] if detached else ["--attached"])],
                cwd=_ROOT,
                env=settings,
                stdin=subprocess.DEVNULL if detached else subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _becomes_ready(self, process: subprocess.Popen[bytes]) -> bool:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            if self.alive():
                return True
            time.sleep(0.1)
        return False


def stop(state_dir: Path) -> bool:
    """End every process of a cloud and remove its files, whatever is left of it; whether anything was."""
    state_dir = state_dir.resolve()
    ended = processes.end_all(state_dir)
    if not state_dir.exists():
        return ended > 0
    marker = state_dir / _MARKER
    if not marker.exists() and any(state_dir.iterdir()):
        raise FileExistsError(f"{state_dir} is not a local cloud's: it is left alone")
    # The marker last: without it, what an interrupted removal leaves would be nobody's.
    for entry in [entry for entry in state_dir.iterdir() if entry != marker]:
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    marker.unlink(missing_ok=True)
    state_dir.rmdir()
    return True
