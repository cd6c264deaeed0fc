"""What the command line costs an operator, by the number of targets."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.processes import read_cpu, read_peak
from tests.benchmarks.table import print_table
from tests.cli.command_line import CommandLine, make_command_line
from tests.cli.operators import OPERATOR_RIGHTS, admit_operator
from tests.cli.stacks import create_stack
from tests.fleet.fleet import Fleet
from tests.local_cloud.cloud import LocalCloud

_END = "ended\n"
_PROGRAM = f"""
import sys
from argo_ecr_auth_cli.__main__ import main
main(sys.argv[1:])
sys.stderr.write({_END!r})
sys.stderr.flush()
sys.stdin.read()
"""
_HEADERS = (
    *("command", "targets", "wall", "CPU", "CPU ms each", "peak MB"),
    *("EKS, each", "others of AWS", "API server, each"),
)
_COMMANDS = ("status", "doctor")


def measure_commands(fleets: Sequence[Fleet], *, cloud: LocalCloud, role: str, directory: Path) -> None:
    """`status` and `doctor` over whole fleets, whose credentials are fresh."""
    operator = cloud.create_role("operator", allow=OPERATOR_RIGHTS)
    for cluster in fleets[0].clusters:
        admit_operator(cloud, cluster, operator)
    create_stack(cloud, "argo-ecr-auth", role=role, groups=[group for fleet in fleets for group in fleet.make_groups()])
    command_line = make_command_line(cloud, operator, directory=directory)
    rows = [
        _measure(command, fleet, cloud=cloud, command_line=command_line) for command in _COMMANDS for fleet in fleets
    ]
    print_table("the command line: all targets at once, 16 in parallel (seconds)", _HEADERS, rows)


def _measure(command: str, fleet: Fleet, *, cloud: LocalCloud, command_line: CommandLine) -> tuple[str, ...]:
    count = len(fleet.names)
    command_line.write_settings(*fleet.written)
    aws, api, started = len(cloud.requests()), fleet.count_requests(), time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, command],
        cwd=command_line.directory,
        env=dict(command_line.environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        if not any(line == _END for line in process.stderr):
            raise RuntimeError(f"{command} ended with {process.wait()}")
        wall, cpu, peak_mb = time.monotonic() - started, read_cpu(process.pid), read_peak(process.pid)
    asked = Counter(request["service"] for request in cloud.requests()[aws:])
    eks = asked.pop("eks", 0)
    return (
        command,
        f"{count:,}",
        f"{wall:.1f}",
        f"{cpu:.1f}",
        f"{cpu / count * 1000:.0f}",
        f"{peak_mb:.0f}",
        f"{eks / count:.1f}",
        ", ".join(f"{name} {number}" for name, number in sorted(asked.items())),
        f"{(fleet.count_requests() - api) / count:.1f}",
    )
