"""Starts processes that end with their parent, and finds and ends those of a state directory.

A process is found by its command line, which names its state directory. The process id in a file could be missing after
a crash, or belong to another program by now.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

# Waits for the end of its input, which comes when its parent has ended in any way. Then it ends its process group.
_GUARD = "import os, signal, sys; sys.stdin.read(); os.killpg(0, signal.SIGKILL)"


@dataclass
class ProcessGroup:
    """Processes that end with the process that started them, even if it is killed."""

    directory: Path
    _guard: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(
        self, arguments: Sequence[str | Path], *, log: Path, environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a program with a PATH, a HOME in the directory, and the variables of `environment`."""
        if self._guard is None or self._guard.poll() is not None:
            self._guard = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _GUARD, "local-cloud-guard", self.directory],
                stdin=subprocess.PIPE,
                process_group=0,
            )
        with log.open("ab") as output:
            return subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.directory,
                env={
                    "PATH": os.defpath,
                    "HOME": str(self.directory),
                    "TMPDIR": str(self.directory),
                    **(environment or {}),
                },
                process_group=self._guard.pid,
            )

    def stop(self) -> None:
        if self._guard is not None:
            if self._guard.stdin is not None:
                self._guard.stdin.close()
            self._guard.wait()
            self._guard = None


def find_free_port() -> int:
    """Find a port that is free at the moment. Another process may take it before its use."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def find(state_dir: Path) -> list[int]:
    """The ids of the processes of a cloud, or of one control plane, by its directory."""
    return [pid for pid, arguments in _list_commands() if _belongs(arguments, str(state_dir))]


def end_all(state_dir: Path) -> int:
    """End all processes of a state directory, and those that they start meanwhile; how many there were."""
    ended: set[int] = set()
    deadline = time.monotonic() + 20
    while pids := find(state_dir):
        if time.monotonic() > deadline:
            raise TimeoutError(f"These processes do not end: {pids}")
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            ended.add(pid)
        time.sleep(0.05)
    return len(ended)


def _belongs(arguments: list[str], state_dir: str) -> bool:
    """Whether this is the command line of a cloud's process. It is not enough that it names a file of the cloud."""

    def within(path: str) -> bool:
        return path == state_dir or path.startswith(f"{state_dir}/")

    match arguments:
        case [_, "-m", "tests.local_cloud.emulator", directory, *_]:
            return within(directory)
        case [_, "-I", "-S", "-c", _, "local-cloud-guard", directory]:
            return within(directory)
        # A function: its interpreter, and the shell that starts it.
        case [_, "-I", "-S", script] | ["/bin/sh", _, script]:
            return within(script) and Path(script).parent.name.startswith("ministack-lambda-")
        case [program, *flags] if Path(program).name in {"etcd", "kube-apiserver"}:
            names = ("--data-dir=", "--cert-dir=")
            return any(flag.startswith(names) and within(flag.partition("=")[2]) for flag in flags)
    return False


def _list_commands() -> list[tuple[int, list[str]]]:
    """The id and the command line of all processes; an ended one that was not waited for has none."""
    if not Path("/proc/self/cmdline").exists():
        listing = subprocess.run(["ps", "-axww", "-o", "pid=,command="], capture_output=True, text=True, check=True)
        rows = (line.strip().partition(" ") for line in listing.stdout.splitlines())
        # ps does not show where an argument ends, so that a directory with a space in its name is not found.
        return [(int(pid), command.split()) for pid, _, command in rows]
    commands = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            commands.append((int(entry.name), os.fsdecode(command).removesuffix("\0").split("\0")))
    return commands
