"""Runs a module as `python -m` does, in a copy of a process that has imported its packages.

The import is most of a command's time. Environment variables that are read during it have no effect.
"""

import multiprocessing
import os
import pkgutil
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from kubernetes.config import kube_config

from argo_ecr_auth_cli import commands

_IMPORTED = [
    "tests.support.warm_process",
    "tests.support.warm_clients",
    "argo_ecr_auth_cli.__main__",
    *(f"{commands.__name__}.{module.name}" for module in pkgutil.iter_modules(commands.__path__)),
    *(f"argo_ecr_auth_deploy.{name}" for name in ("bootstraps", "destination", "steps")),
]
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(_IMPORTED)


def run_module(
    module: str, *arguments: str, environment: Mapping[str, str], directory: Path, max_seconds: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run it to its end, without a terminal. Raises subprocess.TimeoutExpired."""
    with tempfile.TemporaryDirectory() as folder:
        output, errors = f"{folder}/output", f"{folder}/errors"
        call = (module, arguments, dict(environment), directory, (os.devnull, output, errors))
        process = _PROCESSES.Process(target=_run, args=call)
        process.start()
        process.join(max_seconds)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired([module, *arguments], max_seconds)
        return subprocess.CompletedProcess(
            [module, *arguments], process.exitcode, Path(output).read_text(), Path(errors).read_text()
        )


def _run(
    module: str, arguments: Sequence[str], environment: Mapping[str, str], directory: Path, streams: Sequence[str]
) -> None:
    """Become the program. The streams are files for its standard input, output and error."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(directory)
    # As kubernetes does when it is imported.
    kube_config.KUBE_CONFIG_DEFAULT_LOCATION = os.environ.get("KUBECONFIG", "~/.kube/config")
    for number, file in enumerate(streams):
        os.dup2(os.open(file, os.O_CREAT | os.O_WRONLY if number else os.O_RDONLY), number)
    sys.stdin = os.fdopen(0, encoding="utf-8")
    sys.stdout = os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace")
    sys.argv = [module, *arguments]
    for name in (module, f"{module}.__main__"):
        sys.modules.pop(name, None)
    runpy.run_module(module, run_name="__main__")
