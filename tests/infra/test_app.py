"""The app as the CDK CLI runs it: it reads the context and writes templates, manifests and messages."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from argo_ecr_auth_cdk import read_app_settings, write_rbac_files
from tests.infra.snapshot import EVERYTHING
from tests.infra.synthesis import ACCOUNT, REGION, REGISTRY, make_content

_ROOT = Path(__file__).parents[2]


def _run(
    directory: Path, *, bundled: bool = False, validated: bool = False, **context: str
) -> subprocess.CompletedProcess[str]:
    """Run the app without the CDK CLI, which takes time, and without a bundle, as for `cdk destroy`."""
    bundling: dict[str, list[str]] = {} if bundled else {"aws:cdk:bundling-stacks": []}
    given = json.loads((_ROOT / "cdk.json").read_text())["context"] | bundling | context
    environment = {
        **os.environ,
        "CDK_OUTDIR": str(directory / "cdk.out"),
        "CDK_CONTEXT_JSON": json.dumps(given),
        "CDK_DEFAULT_ACCOUNT": ACCOUNT,
        "CDK_DEFAULT_REGION": REGION,
        "CDK_VALIDATION": str(validated).lower(),
    }
    command = [sys.executable, str(_ROOT / "infra_cdk" / "app.py")]
    return subprocess.run(command, env=environment, cwd=directory, check=False, capture_output=True, text=True)


def _settings_file(directory: Path, **changes: object) -> str:
    (directory / "mine.yaml").write_text(yaml.safe_dump(make_content(**changes)))
    return "mine.yaml"


def _template(directory: Path, stack: str) -> str:
    return (directory / "cdk.out" / f"{stack}.template.json").read_text()


def test_it_writes_the_manifests_and_prints_the_commands(tmp_path: Path) -> None:
    targets = [{"cluster": "demo"}, {"cluster": "other", "access": "edit-policy"}]
    done = _run(tmp_path, bundled=True, settings=_settings_file(tmp_path, targets=targets))
    assert "kubectl apply -f cdk.out/rbac/demo.rbac.yaml" in done.stderr
    assert done.stdout == ""
    assert [file.name for file in (tmp_path / "cdk.out" / "rbac").iterdir()] == ["demo.rbac.yaml"]
    manifests = list(yaml.safe_load_all((tmp_path / "cdk.out" / "rbac" / "demo.rbac.yaml").read_text()))
    assert [manifest["kind"] for manifest in manifests] == ["Role", "RoleBinding"]


def test_cdks_own_validation_finds_nothing(tmp_path: Path) -> None:
    _run(tmp_path, validated=True, settings=_settings_file(tmp_path, **EVERYTHING))
    assert json.loads((tmp_path / "cdk.out" / "validation-report.json").read_text())["pluginReports"] == []


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


def test_context_overrides_the_file_and_destroy_prints_nothing(tmp_path: Path) -> None:
    file = _settings_file(tmp_path, check_every="5m", architecture="arm64")
    done = _run(tmp_path, settings=file, check_every="1m", architecture="x86_64", installation="second")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert '"rate(1 minute)"' in _template(tmp_path, "second")
    assert '"x86_64"' in _template(tmp_path, "second")


def test_faults_are_reported_with_their_places_and_without_a_traceback(tmp_path: Path) -> None:
    done = _run(tmp_path, settings=_settings_file(tmp_path, renewbefore="13h", acces="none"))
    assert done.returncode == 1
    for message in ("mine.yaml has 2 errors:", "mine.yaml:1:1: acces: unknown", "mine.yaml:4:1: renewbefore: unknown"):
        assert message in done.stderr
    assert "Traceback" not in done.stderr
