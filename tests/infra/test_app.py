"""The app as the CDK CLI runs it: it reads the context and writes templates, manifests and messages."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from argo_ecr_auth_cdk import read_app_settings, write_rbac_files
from tests.infra.synthesis import ACCOUNT, REGION, REGISTRY, make_content

_ROOT = Path(__file__).parents[2]


def _run(directory: Path, *, bundled: bool = False, **context: str) -> subprocess.CompletedProcess[str]:
    """Run the app without the CDK CLI, which takes time, and without a bundle, as for `cdk destroy`."""
    bundling: dict[str, list[str]] = {} if bundled else {"aws:cdk:bundling-stacks": []}
    given = json.loads((_ROOT / "cdk.json").read_text())["context"] | bundling | context
    environment = {
        **os.environ,
        "CDK_OUTDIR": str(directory / "cdk.out"),
        "CDK_CONTEXT_JSON": json.dumps(given),
        "CDK_DEFAULT_ACCOUNT": ACCOUNT,
        "CDK_DEFAULT_REGION": REGION,
    }
    command = [sys.executable, str(_ROOT / "infra_cdk" / "app.py")]
    return subprocess.run(command, env=environment, cwd=directory, check=False, capture_output=True, text=True)


def _settings_file(directory: Path, **changes: object) -> str:
    (directory / "mine.yaml").write_text(yaml.safe_dump(make_content(**changes)))
    return "mine.yaml"


def _template(directory: Path, stack: str = "argo-ecr-auth") -> str:
    return (directory / "cdk.out" / f"{stack}.template.json").read_text()


def test_a_cluster_and_a_registry_are_enough(tmp_path: Path) -> None:
    done = _run(tmp_path, cluster="demo", registry=REGISTRY)
    assert done.returncode == 0, done.stderr
    assert '"ClusterName": "demo"' in _template(tmp_path)


def test_it_writes_the_manifests_and_prints_the_commands(tmp_path: Path) -> None:
    targets = [{"cluster": "demo"}, {"cluster": "other", "access": "edit-policy"}]
    done = _run(tmp_path, bundled=True, settings=_settings_file(tmp_path, targets=targets))
    assert "kubectl apply -f cdk.out/rbac/demo.rbac.yaml" in done.stderr
    assert done.stdout == ""
    assert [file.name for file in (tmp_path / "cdk.out" / "rbac").iterdir()] == ["demo.rbac.yaml"]
    manifests = list(yaml.safe_load_all((tmp_path / "cdk.out" / "rbac" / "demo.rbac.yaml").read_text()))
    assert [manifest["kind"] for manifest in manifests] == ["Role", "RoleBinding"]


def test_destroy_prints_no_command_that_applies_manifests(tmp_path: Path) -> None:
    done = _run(tmp_path, settings=_settings_file(tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_manifest_of_a_removed_target_is_removed(tmp_path: Path) -> None:
    for cluster in ("before", "demo"):
        settings = read_app_settings(make_content(targets=[{"cluster": cluster}]))
        write_rbac_files(tmp_path, settings=settings, account=None, region=None)
    assert [file.name for file in tmp_path.iterdir()] == ["demo.rbac.yaml"]


@pytest.mark.parametrize("spelled", [{"region": REGION}, {"account": ACCOUNT}])
def test_targets_of_one_cluster_share_its_role_however_its_region_and_account_are_written(
    tmp_path: Path, spelled: dict[str, str]
) -> None:
    second = {"cluster": "demo", "name": "second", "credentials": [{"registry": REGISTRY, "secret_name": "second"}]}
    document = make_content(targets=[{"cluster": "demo"}, second | spelled])
    settings = read_app_settings(document, account=ACCOUNT, region=REGION)
    files = write_rbac_files(tmp_path, settings=settings, account=ACCOUNT, region=REGION)
    for file in files:
        role, _ = yaml.safe_load_all(file.read_text())
        assert role["rules"][0]["resourceNames"] == ["ecr-auth", "second"]


def test_context_overrides_the_file(tmp_path: Path) -> None:
    file = _settings_file(tmp_path, check_every="5m", architecture="arm64")
    done = _run(tmp_path, settings=file, check_every="1m", architecture="x86_64", installation="second")
    assert done.returncode == 0, done.stderr
    assert '"rate(1 minute)"' in _template(tmp_path, "second")
    assert '"x86_64"' in _template(tmp_path, "second")


@pytest.mark.parametrize(
    ("context", "message"),
    [
        ({"settings": "none.yaml"}, "there is no none.yaml"),
        ({"cluster": "demo"}, "-c registry: missing"),
        ({"registry": REGISTRY}, "-c cluster: missing"),
        ({"cluster": "demo", "registry": REGISTRY, "settings": "mine.yaml"}, "give either"),
        ({"cluster": "demo", "registry": REGISTRY, "check_every": "0m"}, "-c check_every: 0m"),
        ({"cluster": "demo", "registry": REGISTRY, "runtime": "python3.10"}, "-c runtime: "),
        ({"cluster": "demo", "registry": "registry.example"}, "-c registry: 'registry.example' is not"),
        ({"cluster": "demo", "registry": REGISTRY, "check_evry": "5m"}, "-c check_evry: unknown key; is it"),
    ],
)
def test_a_fault_of_the_context_is_reported_without_a_traceback(
    tmp_path: Path, context: dict[str, Any], message: str
) -> None:
    done = _run(tmp_path, bundled=False, **context)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_each_fault_of_a_file_has_a_line_with_its_place(tmp_path: Path) -> None:
    done = _run(tmp_path, settings=_settings_file(tmp_path, renewbefore="13h", acces="none"))
    faults = done.stderr.partition("mine.yaml has 2 errors:\n")[2].splitlines()
    assert [fault.split(": ")[:2] for fault in faults] == [["mine.yaml:1:1", "acces"], ["mine.yaml:4:1", "renewbefore"]]


def test_a_key_that_is_given_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("targets: [{cluster: a}]\ntargets: [{cluster: b}]\n")
    done = _run(tmp_path, settings="mine.yaml")
    assert "mine.yaml:2:1: cannot be read: the key targets is given twice" in done.stderr


def test_a_file_that_is_not_yaml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("targets: [")
    done = _run(tmp_path, settings="mine.yaml")
    assert "mine.yaml:1:11: cannot be read: while parsing a flow node" in done.stderr
    assert "Traceback" not in done.stderr
