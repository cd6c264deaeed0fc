"""Starts ministack with our adjustments: `python -m tests.local_cloud.emulator STATE_DIR`.

Its settings come by the environment (see `cloud.py`). With `--attached` it ends when its standard input does, which
is when the process that started it is gone.
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

from tests.local_cloud.emulator import access_entries, authorization_tokens, clusters, gateway
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
    gateway.install(log=options.state_dir / "requests.jsonl", fleet=fleet, identity=_identity(options.state_dir))
    _run_functions_without_packages(options.state_dir)
    # ministack reads the command line too.
    sys.argv = ["ministack"]
    app.main()


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def _identity(state_dir: Path) -> str:
    """Tells a client that waits for this cloud that it is this one, and which Python runs its functions."""
    return json.dumps({"state_dir": str(state_dir), "python": f"{sys.version_info.major}.{sys.version_info.minor}"})


def _run_functions_without_packages(state_dir: Path) -> None:
    """A function sees its asset and the standard library, not the packages of ministack or of the machine.

    AWS has boto3 besides, of a version of its own, which an asset should not count upon.
    """
    interpreter = state_dir / "python-for-functions"
    base = getattr(sys, "_base_executable", sys.executable)
    # Nothing leaves this machine: ECR's registries, which are not here, meet a closed door.
    alone = f"HTTPS_PROXY={CLOSED_PROXY} https_proxy={CLOSED_PROXY} NO_PROXY=127.0.0.1 no_proxy=127.0.0.1"
    interpreter.write_text(f'#!/bin/sh\nexport {alone}\nexec {shlex.quote(base)} -I -S "$@"\n')
    interpreter.chmod(0o700)
    original = lambda_runtime._detect_runtime_binary  # noqa: SLF001

    def detect(runtime: str) -> tuple[str, str]:
        binary, script = original(runtime)
        return (str(interpreter) if binary == sys.executable else binary), script

    lambda_runtime._detect_runtime_binary = detect  # noqa: SLF001


if __name__ == "__main__":
    main()
