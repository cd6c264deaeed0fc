"""The Helm chart and the kustomize base of docs/examples make the manifests that the synth writes.

With the chart and the template of the access entry, a cluster's owner lets the function in.
"""

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from argo_ecr_auth.aws.sessions import Sessions
from argo_ecr_auth_cdk import read_app_settings, write_rbac_files
from tests.argo_cd.assets import Assets
from tests.local_cloud import binaries
from tests.local_cloud.cloud import LocalCloud
from tests.local_cloud.environment import REGION
from tests.support.function import PERMISSIONS, REGISTRY, Function, make_environment, make_settings

_EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def _write_manifests(directory: Path, **settings: Any) -> list[Any]:
    document = {"targets": [{"cluster": "demo"}], "credentials": [{"registry": REGISTRY}], **settings}
    (file,) = write_rbac_files(directory, settings=read_app_settings(document), account=None, region=None)
    return list(yaml.safe_load_all(file.read_text()))


def _render(*command: str | Path) -> list[Any]:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return list(filter(None, yaml.safe_load_all(done.stdout)))


def _render_chart(assets: Assets, values: Sequence[str] = ()) -> list[Any]:
    chart = _EXAMPLES / "cluster" / "argo-ecr-auth-access"
    return _sort(_render(assets.helm, "template", chart, *(f"--set={value}" for value in values)))


def _sort(manifests: list[Any]) -> list[Any]:
    return sorted(manifests, key=lambda manifest: (manifest["metadata"]["namespace"], manifest["kind"]))


def test_the_chart_makes_what_the_synth_writes(assets: Assets, tmp_path: Path) -> None:
    assert _render_chart(assets) == _write_manifests(tmp_path)


def test_the_chart_makes_what_the_synth_writes_for_other_settings(assets: Assets, tmp_path: Path) -> None:
    credentials = [
        {"registry": REGISTRY, "secret_name": "one"},
        {"registry": REGISTRY, "secret_name": "two"},
        {"registry": REGISTRY, "namespace": "teams"},
    ]
    values = ["installation=second", "secrets.argocd={one,two}", "secrets.teams={ecr-auth}"]
    expected = _write_manifests(tmp_path, installation="second", credentials=credentials)
    assert _render_chart(assets, values) == expected


def test_the_kustomize_base_makes_what_the_synth_writes(tmp_path: Path) -> None:
    assert _sort(_render(binaries.find().kubectl, "kustomize", _EXAMPLES / "kustomize")) == _write_manifests(tmp_path)


def test_the_chart_and_the_access_entry_let_the_function_in(
    assets: Assets, cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    role = cloud.create_role("of-another-pipeline", allow=PERMISSIONS)
    for name, value in make_environment(cloud, role).items():
        monkeypatch.setenv(name, value)
    with cloud.run_cluster("owned", namespaces=["argocd"]) as cluster:
        function = Function(sessions=Sessions(region=REGION), settings=make_settings({"cluster": "owned"}))
        parameters = {"Cluster": "owned", "FunctionRole": role}

        refused = function.result()
        stack = cloud.client("cloudformation").create_stack(
            StackName="owned-entry",
            TemplateBody=(_EXAMPLES / "cluster" / "access-entry.yaml").read_text(),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        )
        cloud.client("cloudformation").get_waiter("stack_create_complete").wait(StackName=stack["StackId"])
        deadline = time.monotonic() + 30  # the API server remembers for a second whom it refused
        while (without_role := function.result()).error_type == "UnauthorizedError":
            assert time.monotonic() < deadline
            time.sleep(0.5)
        for manifest in _render_chart(assets):
            plural = f"{manifest['kind'].lower()}s"
            path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{manifest['metadata']['namespace']}/{plural}"
            assert cluster.admin.request("POST", path, manifest)[0] == 201
        admitted = function.result()

    assert [refused.error_type, without_role.error_type] == ["UnauthorizedError", "ForbiddenError"]
    assert admitted.action == "created", admitted.error
