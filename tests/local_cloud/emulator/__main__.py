"""Starts ministack with our adjustments: `python -m tests.local_cloud.emulator STATE_DIR`.

Its settings come from the environment (see `emulator_process.py`). With `--attached` it ends when its standard input
ends, which is when the process that started it has ended.
"""

import argparse
import json
import os
import shlex
import sys
import threading
from pathlib import Path

from ministack import app
from ministack.core import lambda_runtime

from tests.local_cloud.emulator import access_entries, authorization_tokens, clusters, corrections, gateway
from tests.local_cloud.environment import CLOSED_PROXY


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("state_dir", type=Path)
    parser.add_argument("--attached", action="store_true")
    options = parser.parse_args()
    if options.attached:
        threading.Thread(target=_end_with_input, daemon=True).start()
    fleet = clusters.Fleet(options.state_dir)
    clusters.install(fleet)
    access_entries.install()
    authorization_tokens.install()
    corrections.install()
    gateway.install(log=options.state_dir / "requests.jsonl", fleet=fleet, identity=_make_identity(options.state_dir))
    _run_functions_without_packages(options.state_dir)
    # ministack reads the command line, too.
    sys.argv = ["ministack"]
    app.main()


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def _make_identity(state_dir: Path) -> str:
    """What this cloud answers a client that asks which one it is: its directory, and the Python that runs functions."""
    return json.dumps({"state_dir": str(state_dir), "python": f"{sys.version_info.major}.{sys.version_info.minor}"})


def _run_functions_without_packages(state_dir: Path) -> None:
    """Let a function import its asset and the standard library, not the packages of ministack or of the machine.

    AWS also offers a boto3 of its own choice, which an asset should not rely on.
    """
    interpreter = state_dir / "python-for-functions"
    base = getattr(sys, "_base_executable", sys.executable)
    # Nothing leaves this machine: a connection to a registry of ECR is refused.
    isolated = f"HTTPS_PROXY={CLOSED_PROXY} https_proxy={CLOSED_PROXY} NO_PROXY=127.0.0.1 no_proxy=127.0.0.1"
    interpreter.write_text(f'#!/bin/sh\nexport {isolated}\nexec {shlex.quote(base)} -I -S "$@"\n')
    interpreter.chmod(0o700)
    original = lambda_runtime._detect_runtime_binary  # noqa: SLF001

    def detect(runtime: str) -> tuple[str, str]:
        binary, script = original(runtime)
        return (str(interpreter) if binary == sys.executable else binary), script

    lambda_runtime._detect_runtime_binary = detect  # noqa: SLF001


if __name__ == "__main__":
    main()
