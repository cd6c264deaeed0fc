"""What the command line costs an operator, by the number of targets."""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.cli.command_line import CommandLine, make_command_line
from tests.cli.operators import OPERATOR_RIGHTS, admit_operator
from tests.cli.stacks import create_stack
from tests.fleet.fleet import Fleet
from tests.fleet.tables import print_table
from tests.local_cloud.cloud import LocalCloud

# Not by getrusage: its maximum includes the process that started this one.
_PROCESS = """
import json, re, sys, time
from argo_ecr_auth_cli.__main__ import main
code = main(sys.argv[1:])
sys.stdout.flush()
peak = float(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
print(json.dumps({"code": code, "cpu": time.process_time(), "peak_mb": peak}), file=sys.stderr)
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
    print_table(
        "the command line: all targets at once, 16 in parallel (seconds)",
        (
            "command",
            "targets",
            "wall",
            "CPU",
            "CPU ms each",
            "peak MB",
            "EKS, each",
            "others of AWS",
            "API server, each",
        ),
        rows,
    )


def _measure(command: str, fleet: Fleet, *, cloud: LocalCloud, command_line: CommandLine) -> tuple[str, ...]:
    count = len(fleet.names)
    command_line.write_settings(*fleet.written)
    aws, api, started = len(cloud.requests()), fleet.count_requests(), time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", _PROCESS, command],
        cwd=command_line.directory,
        env=dict(command_line.environment),
        capture_output=True,
        text=True,
        check=True,
    )
    wall = time.monotonic() - started
    *_, last = done.stderr.splitlines()
    cost = json.loads(last)
    asked = Counter(request["service"] for request in cloud.requests()[aws:])
    eks = asked.pop("eks", 0)
    return (
        command,
        f"{count:,}",
        f"{wall:.1f}",
        f"{cost['cpu']:.1f}",
        f"{cost['cpu'] / count * 1000:.0f}",
        f"{cost['peak_mb']:.0f}",
        f"{eks / count:.1f}",
        ", ".join(f"{name} {number}" for name, number in sorted(asked.items())),
        f"{(fleet.count_requests() - api) / count:.1f}",
    )
