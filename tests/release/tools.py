"""Runs the wheel's scripts without a checkout, as the README has it: with uvx and pipx, and no Node.js on the PATH."""

import http.server
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

_STATUS = ("argo-ecr-auth", "status", "--help")
_PACKAGE = (
    *("argo-ecr-auth-cdk", "package", "-c", "cluster=demo"),
    *("-c", "registry=123456789012.dkr.ecr.eu-west-1.amazonaws.com", "-c", "aws:cdk:bundling-stacks=[]"),
)


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serve_index(wheel: Path, folder: Path) -> Iterator[str]:
    """The URL of a package index on this machine that has only the wheel: folder listings are a simple index."""
    project = folder / "simple" / "argo-ecr-auth"
    project.mkdir(parents=True)
    shutil.copy(wheel, project)
    handler = partial(_QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/simple"
        server.shutdown()


def run_tools(index: str, folder: Path, *, version: str) -> Iterator[str]:
    """Run both scripts with both tools, in a folder of its own, and yield each command that worked."""
    programs = folder / "bin"
    programs.mkdir(parents=True)
    for name in ("uv", "uvx", "python3", "sh", "dirname", "realpath"):
        (programs / name).symlink_to(Path(shutil.which(name) or name).absolute())
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "JSII_NODE"}}
    environment |= {"PATH": str(programs), "UV_INDEX": index, "PIP_EXTRA_INDEX_URL": index, "HOME": str(folder)}
    for tool in (("uvx", "--from"), ("uvx", "pipx", "run", "--spec")):
        for extras, script in (("cli", _STATUS), ("cdk,node", _PACKAGE)):
            command = (*tool, f"argo-ecr-auth[{extras}]=={version}", *script)
            done = subprocess.run(command, env=environment, cwd=folder, check=False, capture_output=True, text=True)
            if done.returncode:
                raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()}")
            yield " ".join(command[:5])
