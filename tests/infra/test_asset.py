"""The function's asset: its contents, its size, and that every machine builds the same one."""

import hashlib
import io
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import kubernetes
import pytest
from aws_cdk.assertions import Template

from argo_ecr_auth.core.targets import TARGETS_FILE
from argo_ecr_auth_cdk.function.asset import UnsupportedRuntimeError, assemble, check_runtime, find_synth_runtime
from argo_ecr_auth_cdk.function.dependencies import (
    CUTS,
    Cut,
    InstallationError,
    install_dependencies,
    list_cut_files,
)
from argo_ecr_auth_settings.resolve import format_targets_file
from argo_ecr_auth_settings.validation import validate_settings
from tests.infra.synthesis import find_only, make_content, make_template
from tests.local_cloud.environment import ARCHITECTURE

_TARGETS = format_targets_file(validate_settings(make_content()))
_MB = 1024 * 1024


def _assembled(directory: Path, *, architecture: str) -> Path:
    directory.mkdir(parents=True)
    assemble(directory, targets=_TARGETS, architecture=architecture)
    return directory


@pytest.fixture(scope="module")
def asset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _assembled(tmp_path_factory.mktemp("one") / "asset", architecture=ARCHITECTURE)


def _files(directory: Path) -> dict[str, str]:
    return {
        file.relative_to(directory).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in directory.rglob("*")
        if file.is_file()
    }


def _read_hash(template: Template) -> str:
    return str(find_only(template, "AWS::Lambda::Function")["Code"]["S3Key"])


def test_it_is_small_enough_for_a_quick_cold_start(asset: Path) -> None:
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in asset.rglob("*"):
            archive.write(file, file.relative_to(asset))
    assert sum(file.stat().st_size for file in asset.rglob("*")) < 100 * _MB
    assert len(zipped.getvalue()) < 25 * _MB


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")


@pytest.mark.parametrize("umask", [0o077, 0o000])
def test_it_is_the_same_on_another_path_and_without_network_and_every_user_may_read_it(
    umask: int, asset: Path, no_network: None, tmp_path: Path
) -> None:
    before = os.umask(umask)
    try:
        other = _assembled(tmp_path / "another" / "and-longer" / "path", architecture=ARCHITECTURE)
    finally:
        os.umask(before)
    assert _files(other) == _files(asset)
    assert {path.stat().st_mode & 0o777 for path in other.rglob("*") if path.is_file()} == {0o644}
    assert {path.stat().st_mode & 0o777 for path in (other, *other.rglob("*")) if path.is_dir()} == {0o755}


def test_it_holds_the_settings_and_of_our_packages_only_the_functions(asset: Path) -> None:
    assert (asset / TARGETS_FILE).read_bytes() == _TARGETS
    assert (asset / "argo_ecr_auth" / "handler.py").exists()
    assert [package.name for package in asset.glob("argo_ecr_auth*")] == ["argo_ecr_auth"]
    assert {file.suffix for file in (asset / "argo_ecr_auth").rglob("*.*")} == {".py", ".pyc"}


def test_every_module_of_it_is_byte_compiled(asset: Path) -> None:
    tag = sys.implementation.cache_tag
    for module in asset.rglob("*.py"):
        compiled = module.parent / "__pycache__" / f"{module.stem}.{tag}.pyc"
        assert compiled.exists(), module
        # PEP 552: a hash-based file that is not checked against its source.
        assert compiled.read_bytes()[4:8] == b"\1\0\0\0"


def test_nothing_in_it_names_the_machine(asset: Path) -> None:
    for file in asset.rglob("*.pyc"):
        content = file.read_bytes()
        assert str(asset).encode() not in content
        assert str(Path.home()).encode() + b"/.cache" not in content


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="imports wheels for Linux")
def test_the_handlers_imports_and_clients_find_all_they_need_in_it(asset: Path) -> None:
    program = """
import sys
sys.path.insert(0, sys.argv[1])
import argo_ecr_auth.handler, boto3
for service in ("ecr", "ecr-public", "eks", "sts"):
    boto3.client(service, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
"""
    # Isolated and without site-packages, so that nothing of this environment is imported instead.
    command = [sys.executable, "-I", "-S", "-c", program, str(asset)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_it_calls_the_same_hosts_as_the_complete_packages(asset: Path) -> None:
    """In each partition, and in a region that botocore does not know yet; also with FIPS and dual stack."""
    program = """
import itertools, json, sys
sys.path.insert(0, sys.argv[1])
import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError
session = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b")
calls = {
    "ecr": "get_authorization_token",
    "ecr-public": "get_authorization_token",
    "eks": "list_clusters",
    "sts": "get_caller_identity",
}
regions = [
    "us-east-1", "eu-west-1", "eu-new-9", "cn-north-1", "us-gov-west-1", "us-iso-east-1", "us-isob-east-1",
    "eu-isoe-west-1", "us-isof-south-1", "eusc-de-east-1",
]
configs = [Config(), Config(use_fips_endpoint=True), Config(use_dualstack_endpoint=True)]
for (service, call), region, (number, config) in itertools.product(calls.items(), regions, enumerate(configs)):
    try:
        client = session.client(service, region_name=region, config=config)
        url = client.generate_presigned_url(call)
        host, scope = url.split("/")[2], [part for part in url.split("&") if "Credential" in part][0].split("%2F")[2:]
    except BotoCoreError as error:
        host, scope = type(error).__name__, []
    print(service, region, number, host, scope)
"""
    complete = Path(kubernetes.__file__).parents[1]
    printed = [
        subprocess.run([sys.executable, "-I", "-S", "-c", program, str(packages)], check=True, capture_output=True)
        for packages in (asset, complete)
    ]
    assert b"sts eu-new-9 0 sts.eu-new-9.amazonaws.com ['eu-new-9'" in printed[0].stdout
    assert printed[0].stdout.splitlines() == printed[1].stdout.splitlines()


@pytest.mark.parametrize("cut", CUTS, ids=lambda cut: cut.reason)
def test_every_cut_still_finds_what_it_removes(cut: Cut) -> None:
    packages = Path(kubernetes.__file__).parents[1]  # as pip installs them, of the same versions
    parts = [replace(cut, distributions=name, paths="") for name in cut.distributions.split()]
    parts += [replace(cut, distributions="", paths=path) for path in cut.paths.split()]
    assert [part for part in parts if not list_cut_files(part, packages)] == []
    assert [path for path in f"{cut.kept} {cut.emptied}".split() if not any(packages.glob(path))] == []
    endpoints = (packages / "botocore" / "data" / "endpoints.json").read_text()
    assert [service for service in cut.endpoints.split() if f'"{service}"' not in endpoints] == []


def test_what_is_cut_is_not_in_it(asset: Path) -> None:
    """Neither the files nor the metadata, which vulnerability scanners read."""
    names = {path.name for path in asset.iterdir()}
    assert {"boto3", "botocore", "kubernetes", "urllib3"} <= names
    cut = {name for cut in CUTS for name in cut.distributions.split()}
    assert {name for name in names if name.split("-")[0] in cut or name == "bin"} == set()
    assert [cut.reason for cut in CUTS if list_cut_files(cut, asset)] == []


@pytest.mark.parametrize(
    ("changes", "changed"),
    [
        ({"installation": "other", "access": "none"}, False),
        ({"renew_before": "5h"}, True),
        ({"architecture": "x86_64"}, True),
    ],
)
def test_only_keys_of_the_function_change_the_asset(changes: dict[str, str], changed: bool, minimal: Template) -> None:
    assert (_read_hash(make_template(make_content(**changes))) != _read_hash(minimal)) == changed


def test_a_failed_installation_is_reported_with_pips_output(
    no_network: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # with an empty cache
    with pytest.raises(InstallationError, match=r"cannot be installed for arm64:\n(.|\n)*No matching distribution"):
        install_dependencies(architecture="arm64")
    assert not any((tmp_path / ".cache" / "argo-ecr-auth" / "dependencies").iterdir())


def test_pip_requires_hashes_and_wheels_of_the_functions_platform(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pip.py").write_text("import sys; sys.exit(' '.join(sys.argv[1:]))")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(InstallationError) as refused:
        install_dependencies(architecture="arm64")
    asked = str(refused.value).splitlines()[-1].split()
    assert {"--require-hashes", "--no-deps", "--only-binary=:all:", "manylinux2014_aarch64"} <= set(asked)


def test_a_python_that_lambda_lacks_is_refused_with_the_remedy() -> None:
    with pytest.raises(UnsupportedRuntimeError, match=r"python3\.15 is none of python3\.11, .*PYTHON=python3\.14"):
        check_runtime("python3.15")


def test_the_function_has_the_python_of_the_synth(minimal: Template) -> None:
    assert find_only(minimal, "AWS::Lambda::Function")["Runtime"] == find_synth_runtime()
