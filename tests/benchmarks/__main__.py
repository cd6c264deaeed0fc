"""`python -m tests.benchmarks`: one table of what the function costs beside its alternatives, each with a budget.

With `--write` also docs/performance.md.

Ends with 1 and the rows' names where a budget is broken. AWS is an emulator without TLS here: in Lambda each AWS
service that a run calls adds a handshake.
"""

import subprocess
import sys
from pathlib import Path

from tests.benchmarks.alternatives import install_aws_cli
from tests.benchmarks.page import write_page
from tests.benchmarks.processes import describe_machine
from tests.benchmarks.rows import RECKONING, measure_rows
from tests.benchmarks.scene import prepare
from tests.benchmarks.table import explain_broken, format_rows
from tests.local_cloud import binaries


def main() -> None:
    if not Path("/proc/self/status").exists():
        sys.exit("the benchmark needs Linux: it runs the function, made of wheels for Linux, on this machine")
    with prepare() as scene:
        rows = measure_rows(scene)
    machine = ", ".join([describe_machine(), *_ask_versions()])
    print(f"{machine}\n\n{format_rows(rows)}\n\n{RECKONING}")
    if "--write" in sys.argv:
        write_page(rows, machine=f"{machine}.", reckoning=RECKONING)
    sys.exit(explain_broken(rows))


def _ask_versions() -> list[str]:
    asked: list[list[str | Path]] = [[install_aws_cli(), "--version"], [binaries.find().kubectl, "version", "--client"]]
    return [subprocess.check_output(command, text=True).partition("\n")[0] for command in asked]


if __name__ == "__main__":
    main()
