"""A program that serves on this machine: started until it answers, ended with its `with` block."""

import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from tests.local_cloud import processes

# Another process may take a port between its choice and its use.
_ATTEMPTS = 3


class Service(ABC):
    """Something that runs from `start` to `stop`, or as long as a `with` block."""

    @abstractmethod
    def start(self) -> None: ...

    @abstractmethod
    def stop(self) -> None: ...

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


@dataclass(kw_only=True)
class Server:
    """One process on a port of 127.0.0.1.

    `launch` starts it at a port, `answers` says whether it is ready, which may take `seconds`.
    """

    title: str
    log: Path
    launch: Callable[[int], subprocess.Popen[bytes]]
    answers: Callable[[], bool]
    seconds: float
    port: int = field(default=0, init=False)
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self, *, port: int | None = None) -> None:
        """Start it at this port, else at a free one, and wait until it answers."""
        for _ in range(_ATTEMPTS):
            self.port = port or processes.find_free_port()
            self.process = self.launch(self.port)
            if self._becomes_ready(self.process):
                return
            self.end()
            time.sleep(0.5)
        raise RuntimeError(f"{self.title} does not start. The end of {self.log}:\n{self.log_tail()}")

    def end(self) -> None:
        """End it at once: it holds nothing that is worth a clean end."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            if self.process.stdin is not None:
                self.process.stdin.close()
            self.process = None

    def log_tail(self) -> str:
        return "\n".join(self.log.read_text().splitlines()[-20:]) if self.log.exists() else ""

    def _becomes_ready(self, process: subprocess.Popen[bytes]) -> bool:
        deadline = time.monotonic() + self.seconds
        while time.monotonic() < deadline and process.poll() is None:
            if self.answers():
                return True
            time.sleep(0.05)
        return False
