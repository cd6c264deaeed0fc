"""Packages the function in a checkout, by that checkout's own code."""

import os
import subprocess
import sys
from pathlib import Path

ARCHITECTURES = ("arm64", "x86_64")
_EXAMPLE = {"cluster": "example", "registry": "123456789012.dkr.ecr.eu-west-1.amazonaws.com"}
_PLACE = ("--account", "123456789012", "--region", "eu-west-1")
_PACKAGES = ("lambda_src", "infra_cdk", "cli")


def package(checkout: Path, folder: Path) -> list[Path]:
    """The function's zips with the settings of an example, each with its SBOM, in the folder."""
    return [file for architecture in ARCHITECTURES for file in _package(checkout, folder, architecture=architecture)]


def _package(checkout: Path, folder: Path, *, architecture: str) -> tuple[Path, Path]:
    output = folder / architecture
    context = {**_EXAMPLE, "architecture": architecture}
    command = [sys.executable, "-m", "argo_ecr_auth_package", "package", "--output", str(output), *_PLACE]
    command += [word for key, value in context.items() for word in ("-c", f"{key}={value}")]
    done = subprocess.run(
        command, cwd=checkout, env=_make_environment(checkout, folder), check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"{checkout.name}: cannot package the function for {architecture}: {done.stderr.strip()}")
    archive, contents = folder / f"function-{architecture}.zip", folder / f"function-{architecture}.cdx.json"
    return (output / "function.zip").rename(archive), (output / "sbom.cdx.json").rename(contents)


def _make_environment(checkout: Path, folder: Path) -> dict[str, str]:
    """A home of its own, so that the function's dependencies are installed and compiled again, not only copied.

    pip's settings and downloads stay those of this user.
    """
    settings, downloads = Path.home() / ".config", Path.home() / ".cache"
    own = {"XDG_CONFIG_HOME": str(settings), "XDG_CACHE_HOME": str(downloads)}
    # PYTHONPATH comes before the checkout that is installed here.
    paths = os.pathsep.join(str(checkout / name) for name in _PACKAGES)
    return {**own, **os.environ, "HOME": str(folder / "home"), "PYTHONPATH": paths}
