"""The emulator of AWS as a process: ministack with our adjustments, started, found and ended by its state directory."""

import http.client
import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

from tests.local_cloud import binaries, processes
from tests.local_cloud.environment import REGION
from tests.local_cloud.server import Server, Service

_ROOT = Path(__file__).parents[2]
_PYTHON = _ROOT / ".venv-cloud" / "bin" / "python"
_MARKER = "local-cloud.json"
_START_SECONDS = 60
_HOOK_SECONDS = 120
_ALIVE_SECONDS = 5


class EmulatorProcess(Service):
    """It ends with its `with` block, or with this process, unless it was started `detached`."""

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir.resolve()
        self._detached = False
        self._server = Server(
            title="ministack",
            log=self.state_dir / "ministack.log",
            launch=self._launch,
            answers=self.is_running,
            seconds=_START_SECONDS,
        )

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

    def is_running(self) -> bool:
        """Whether the cloud of this state directory answers."""
        try:
            identity = json.loads(self.hook("", seconds=_ALIVE_SECONDS))
            return bool(identity["state_dir"] == str(self.state_dir))
        # Another program may have the port by now and answer anything.
        except (OSError, http.client.HTTPException, RuntimeError, ValueError, KeyError, TypeError):
            return False

    def start(self, *, detached: bool = False) -> None:
        """Start it. What a crashed cloud has left in the state directory is removed first."""
        stop(self.state_dir)
        if not _PYTHON.exists():
            raise FileNotFoundError("the local cloud's packages are missing: run make .venv-cloud/ready")
        self.state_dir.mkdir(parents=True, mode=0o700)
        self._detached = detached
        self._server.start()

    def stop(self) -> None:
        """End all its processes and remove its files."""
        stop(self.state_dir)
        self._server.end()

    def hook(self, path: str, *, seconds: float = _HOOK_SECONDS) -> str:
        """Ask the emulator's own hook for tests; its answer."""
        request = urllib.request.Request(f"{self.endpoint_url}/_local_cloud/{path}", method="POST")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=seconds) as response:
                answer: bytes = response.read()
        except urllib.error.HTTPError as error:
            with error:
                raise RuntimeError(error.read().decode()) from None
        return answer.decode()

    def log_tail(self) -> str:
        return self._server.log_tail()

    def _launch(self, port: int) -> subprocess.Popen[bytes]:
        # An attempt that failed may have left processes.
        processes.end_all(self.state_dir)
        (self.state_dir / _MARKER).write_text(json.dumps({"port": port}))
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
        with self._server.log.open("ab") as log:
            return subprocess.Popen(
                [
                    *(_PYTHON, "-m", "tests.local_cloud.emulator", self.state_dir),
                    *([] if self._detached else ["--attached"]),
                ],
                cwd=_ROOT,
                env=settings,
                stdin=subprocess.DEVNULL if self._detached else subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


def stop(state_dir: Path) -> bool:
    """End every process of a cloud and remove its files, also after a crash; whether there was anything."""
    state_dir = state_dir.resolve()
    ended = processes.end_all(state_dir)
    if not state_dir.exists():
        return ended > 0
    marker = state_dir / _MARKER
    if not marker.exists() and any(state_dir.iterdir()):
        raise FileExistsError(f"{state_dir} is not a local cloud's folder: nothing in it was changed")
    # The marker goes last: without it, the rest of an interrupted removal could not be recognized.
    for entry in [entry for entry in state_dir.iterdir() if entry != marker]:
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    marker.unlink(missing_ok=True)
    state_dir.rmdir()
    return True
