"""What the function must not pay for: the command line, and the packages of its extra."""

import subprocess
import sys
import tomllib
from importlib import import_module

from tests.cli.command_line import ROOT, without_network


def test_the_function_imports_nothing_of_the_command_line() -> None:
    program = (
        "import sys, argo_ecr_auth.handler\n"
        "names = {name for name in sys.modules if name.startswith('argo_ecr_auth_cli') or name == 'rich'}\n"
        "sys.exit(', '.join(names) or None)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=without_network({"POWERTOOLS_SERVICE_NAME": "x", "POWERTOOLS_METRICS_NAMESPACE": "x"}),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_the_console_script_is_the_modules_entry() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    module, _, function = project["scripts"]["argo-ecr-auth"].partition(":")

    assert callable(getattr(import_module(module), function))


def test_the_loop_does_not_import_rich() -> None:
    """It prints lines, and its container stays small."""
    program = (
        "import sys; sys.modules['rich'] = None\n"
        "import argo_ecr_auth_cli.commands.loop, argo_ecr_auth_cli.__main__ as command\n"
        "sys.exit(command.main(['--ecr-registry', 'docker.io']) - 2)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=without_network({}), capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr.count("\n")) == (0, 1)
