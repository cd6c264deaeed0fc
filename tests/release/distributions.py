"""Builds the wheel and the sdist of a checkout, and tries them in an environment of their own."""

import subprocess
import sys
import zipfile
from pathlib import Path

_HATCHLING = (sys.executable, "-m", "hatchling", "build")


def build(checkout: Path, folder: Path) -> tuple[Path, Path]:
    """The wheel and the sdist, in the folder."""
    subprocess.run([*_HATCHLING, "--directory", str(folder)], cwd=checkout, check=True, capture_output=True)
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return wheel, sdist


def rebuild_wheel(sdist: Path, folder: Path) -> Path:
    """The wheel that somebody who has the sdist builds."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--no-build-isolation", "--no-index", "--wheel-dir", str(folder), str(sdist)]
    subprocess.run(command, check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def make_environment(environment: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)


def install(distribution: Path, environment: Path) -> None:
    """As its users install it, with the dependencies that it asks for: not those that are pinned here.

    It replaces an earlier installation.
    """
    pip = [str(environment / "bin" / "python"), "-m", "pip"]
    subprocess.run([*pip, "uninstall", "--quiet", "--yes", "argo-ecr-auth"], check=True, capture_output=True)
    arguments = ["install", "--quiet", "--disable-pip-version-check", f"{distribution}[cdk,cli]"]
    subprocess.run([*pip, *arguments], cwd=environment, check=True)


def list_scripts(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/entry_points.txt"))
        lines = archive.read(name).decode().splitlines()
    return [line.partition(" = ")[0] for line in lines if " = " in line]


def run_script(environment: Path, *command: str) -> str:
    """Its output, as in a shell elsewhere."""
    name, *arguments = command
    program = [str(environment / "bin" / name), *arguments]
    done = subprocess.run(program, cwd=environment, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout
