"""Runs programs, and measures the processor time and the memory that they take."""

import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

_PACKAGES = ("boto3", "kubernetes", "aws-lambda-powertools", "msgspec", "urllib3")
# Not the Python of .venv, and without its packages: what is imported comes from the folder that is measured.
PYTHON = (str(getattr(sys, "_base_executable", sys.executable)), "-I", "-S")


@dataclass(frozen=True, kw_only=True)
class Done:
    """A program that has ended: the seconds of processor time of it and its children, and what it printed."""

    cpu: float
    output: bytes


def run(command: Sequence[str | Path], *, directory: Path, environment: Mapping[str, str], given: bytes = b"") -> Done:
    """Run a program that must succeed."""
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        stdin.write(given)
        stdin.seek(0)
        process = subprocess.Popen(
            command, cwd=directory, env=dict(environment), stdin=stdin, stdout=stdout, stderr=stderr
        )
        cpu = wait(process)
        stdout.seek(0)
        stderr.seek(0)
        if process.returncode:
            raise RuntimeError(f"{command[0]} ended with {process.returncode}:\n{stderr.read().decode()}")
        return Done(cpu=cpu, output=stdout.read())


def wait(process: subprocess.Popen[Any]) -> float:
    """Wait until it ends. User and system time are the kernel's own count for this process."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


def read_cpu(process: int) -> float:
    """User and system time so far, in seconds (proc(5), /proc/pid/stat)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def read_peak(process: int) -> float:
    """The most memory so far in MB. Not by getrusage: its maximum includes the process that started this one."""
    peak = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{process}/status").read_text())
    return float(peak[1]) / 1024 if peak else 0.0


def take_minimum(works: Mapping[str, Callable[[], float]], *, rounds: int) -> dict[str, float]:
    """The least of each, measured A B C, A B C, ... so that the machine's other work meets all of them.

    Other work only adds to processor time (it shares caches and cores): the least is the nearest to the truth.
    The first round fills the disk's cache and is not counted.
    """
    measured: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in works.items():
            value = work()
            if number:
                measured[name].append(value)
    return {name: min(values) for name, values in measured.items()}


def describe_machine() -> str:
    """The machine, its Python, and the versions of the function's packages."""
    try:
        models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    except OSError:
        models = []
    model = models[0].partition(": ")[2] if models else platform.processor()
    return ", ".join(
        (
            f"{platform.platform()}, {os.cpu_count()} x {model or platform.machine()}",
            f"Python {platform.python_version()}",
            *(f"{name} {version(name)}" for name in _PACKAGES),
        )
    )
