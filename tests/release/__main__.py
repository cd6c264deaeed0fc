"""`make release-check`: builds everything that a release consists of, from two clones of HEAD, and tries it."""

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
import tomllib
from importlib.metadata import version as read_installed_version
from pathlib import Path

from tests.release import changelog, distributions, function_zips, tools

_ROOT = Path(__file__).parents[2]
_PROJECT = "argo-ecr-auth"


def main() -> str | None:
    parser = argparse.ArgumentParser(prog="make release-check")
    parser.add_argument("--version", metavar="X.Y.Z", help="the version to be released (default: pyproject.toml's)")
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="write the release's files here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        clone, other = _clone(folder / "clone"), _clone(folder / "other-clone")
        text = (clone / "CHANGELOG.md").read_text()
        version = tomllib.loads((clone / "pyproject.toml").read_text())["project"]["version"]
        if faults := changelog.find_faults(text, project=version, wanted=options.version):
            return "\n".join(faults)
        if (installed := read_installed_version(_PROJECT)) != version:
            return f".venv has {_PROJECT} {installed}, pyproject.toml says {version}: run `make setup`"
        print(f"version {version}; {changelog.describe(text, version=version)}")

        files = _make_files(clone, folder / "made")
        for file, again in zip(files, _make_files(other, folder / "made-again"), strict=True):
            _compare(file, again)
        wheel, sdist, *_ = files
        _compare(wheel, distributions.rebuild_wheel(sdist, folder / "rebuilt"))
        print(f"{len(files)} files, the same from both clones; the sdist makes the same wheel")
        _try_installation(wheel, sdist, folder / "environment", version=version)
        with tools.serve_index(wheel, folder / "index") as index:
            for command in tools.run_tools(index, folder / "tools", version=version):
                print(f"{command} runs without Node.js on the PATH")

        sums = "".join(f"{_hash(file)}  {file.name}\n" for file in files)
        print(sums, end="")
        if options.output:
            _write(options.output, files, sums=sums, notes=changelog.read_notes(text, version=version))
    return None


def _clone(folder: Path) -> Path:
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(_ROOT), str(folder)], check=True)
    return folder


def _make_files(clone: Path, folder: Path) -> list[Path]:
    """The wheel, the sdist, then the function's zips and SBOMs."""
    return [*distributions.build(clone, folder), *function_zips.package(clone, folder)]


def _try_installation(wheel: Path, sdist: Path, environment: Path, *, version: str) -> None:
    distributions.make_environment(environment)
    for distribution in (wheel, sdist):
        distributions.install(distribution, environment)
        scripts = distributions.list_scripts(wheel)
        for script in scripts:
            distributions.run_script(environment, script, "--help")
        shown = distributions.run_script(environment, _PROJECT, "--version").strip()
        if shown != f"{_PROJECT} {version}":
            raise RuntimeError(f"the installed {_PROJECT} --version says {shown!r}, not {version}")
        print(f"{distribution.name} can be installed; {' and '.join(scripts)} run")


def _compare(one: Path, other: Path) -> None:
    if _hash(one) != _hash(other):
        raise RuntimeError(f"{one.name} is not reproducible: {_hash(one)}, then {_hash(other)}")


def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _write(folder: Path, files: list[Path], *, sums: str, notes: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copy(file, folder)
    (folder / "SHA256SUMS").write_text(sums)
    (folder / "NOTES.md").write_text(notes + "\n")


if __name__ == "__main__":
    sys.exit(main())
