"""The template of the smallest installation, and the wheel, installed as a user does it."""

import subprocess
import sys
from pathlib import Path

import pytest
from aws_cdk.assertions import Template

from tests.infra.synthesis import make_content, make_template

_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def minimal() -> Template:
    """With one target, one credential and the defaults."""
    return make_template(make_content())


@pytest.fixture(scope="session")
def installed_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the wheel's packages, and its scripts in `bin`. PYTHONPATH puts it before this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder / "dist")]
    subprocess.run(build, cwd=_ROOT, check=True, capture_output=True)
    (wheel,) = (folder / "dist").glob("*.whl")
    installed = folder / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(installed)]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True)
    return installed
