"""The pages' commands for this machine, as a new user pastes them, in a copy of the checkout."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

_TOP = Path(__file__).parents[2]
PAGES_THAT_ARE_RUN = {"getting-started.md", "move.md", "upgrade.md", "without-cdk.md"}
_BLOCK = re.compile(r'```bash title="On this machine"\n(.*?)```', re.DOTALL)
# `make` would otherwise set up this checkout's packages again if their time is older than a file's.
_MAKE = 'make() { command make --assume-old=.venv/ready --assume-old=.venv-cloud/ready "$@"; }'
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


def test_a_new_user_deploys_on_this_machine_upgrades_moves_and_removes_it(checkout: Path) -> None:
    deploying, removing = _read_blocks("getting-started.md")
    (upgrading,), (moving,) = _read_blocks("upgrade.md"), _read_blocks("move.md")
    # A trap, so that the cloud ends where a command fails.
    done = _run(
        checkout,
        f"trap 'make down' EXIT\n{deploying}\n{_say('upgrade')}{upgrading}\n{_say('move')}{moving}\n"
        f"{_say('remove')}trap - EXIT\n{removing}",
    )

    assert done.returncode == 0, done.stdout
    assert "Unknown option" not in done.stdout
    deployed, upgraded, moved, removed = re.split(r"^== \w+$", done.stdout, flags=re.MULTILINE)
    for shown in ("fresh", "nothing is wrong with demo", "secret/ecr-auth", "configmap/ecr-auth"):
        assert shown in deployed
    differences = re.findall(r"^\[[+~-]\] .*", upgraded, re.MULTILINE)
    assert (differences, "no target changes" in upgraded) == ([], True), upgraded
    assert "nothing is wrong with demo" in upgraded
    # Its schedule may have taken the Secrets over already.
    assert "repaired" in moved or "fresh" in moved
    assert "these objects stay in the clusters" in moved
    assert "nothing is wrong with demo" in moved
    assert "rolebinding/moved role/moved" in removed
    assert not (checkout / ".local").exists()


def _say(part: str) -> str:
    return f"echo '== {part}'\n"


def test_a_package_is_made_without_an_aws_account(checkout: Path) -> None:
    (command,) = _read_blocks("without-cdk.md")

    done = _run(checkout, command)

    assert done.returncode == 0, done.stdout
    assert "Unknown option" not in done.stdout
    made = {path.name for path in (checkout / "dist").iterdir()}
    assert made >= {"function.zip", "template.json", "rbac", "sbom.cdx.json", "README.md"}


def _read_blocks(page: str) -> list[str]:
    return _BLOCK.findall((_TOP / "docs" / page).read_text())


def _run(checkout: Path, script: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTEST_", "VIRTUAL_"))}
    return subprocess.run(
        ["bash", "-c", f"set -euo pipefail\n{_MAKE}\n{script}"],
        cwd=checkout,
        env=clean,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,  # the CDK CLI writes a diff to stderr, and to stdout where CI is set
        text=True,
        check=False,
    )
