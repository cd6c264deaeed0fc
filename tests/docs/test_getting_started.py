"""The commands of docs/getting-started.md, as a new user pastes them, in a copy of the checkout."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

_TOP = Path(__file__).parents[2]
_BLOCK = re.compile(r'```bash title="On this machine"\n(.*?)```', re.DOTALL)
_SET_UP = (".venv", ".venv-cloud", "infra_cdk/node_modules")
_LEFT_OUT = shutil.ignore_patterns(
    ".git", ".local", "cdk.out", "dist", "node_modules", "site", ".venv*", ".*_cache", ".hypothesis", "__pycache__"
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout that is set up: the same files, with the packages of this one."""
    copy = tmp_path / "checkout"
    shutil.copytree(_TOP, copy, ignore=_LEFT_OUT)
    for name in _SET_UP:
        (copy / name).symlink_to(_TOP / name)
    return copy


def test_the_commands_for_this_machine_work_as_they_are_written(checkout: Path) -> None:
    deploying, removing = _BLOCK.findall((_TOP / "docs" / "getting-started.md").read_text())
    # A trap, so that the cloud ends where a command fails.
    script = f"set -euo pipefail\ntrap 'make down' EXIT\n{deploying}\ntrap - EXIT\n{removing}"

    done = subprocess.run(
        ["bash", "-c", script],
        cwd=checkout,
        env={name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTEST_", "VIRTUAL_"))},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    for shown in ("fresh", "nothing is wrong with demo", "secret/ecr-auth", "configmap/ecr-auth"):
        assert shown in done.stdout
    assert not (checkout / ".local").exists()
