"""Image Updater in its own namespace: the page's settings, read with the rights of its manifests. It does not run here.

Its config/install.yaml gives its service account get, list and watch of Secrets in its own namespace alone. It takes
`pullsecret:NAMESPACE/NAME`, and of that auths[HOST].auth.
"""

import base64
import json
import re
import subprocess
from pathlib import Path

import urllib3
import yaml

from tests.local_cloud import binaries
from tests.local_cloud.cloud import LocalCloud
from tests.support.ecr import run_ecr
from tests.support.function import REGISTRY, FunctionFactory, admit, grant, make_settings

_EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "credentials" / "image-updater-namespace"
_NAMESPACE = "argocd-image-updater-system"
_USER = f"system:serviceaccount:{_NAMESPACE}:argocd-image-updater-controller"
_RBAC = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{_NAMESPACE}"


def test_it_reads_the_pull_secret_that_the_page_names_and_the_registry_takes_it(
    local_cloud: LocalCloud, role: str, make_function: FunctionFactory, tmp_path: Path
) -> None:
    settings, config = (
        yaml.safe_load((_EXAMPLE / name).read_text().replace("123456789012.dkr.ecr.eu-west-1.amazonaws.com", REGISTRY))
        for name in ("settings.yaml", "registries.conf.yaml")
    )
    (registry,) = config["registries"]
    named = re.fullmatch("pullsecret:([^/]+)/([^/]+)", registry["credentials"])
    assert named, registry
    with local_cloud.run_cluster("image-updater", namespaces=["argocd", _NAMESPACE]) as cluster:
        admit(local_cloud, cluster, role)
        rules = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list", "watch"]}]
        binding = {
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "image-updater"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": _USER}],
        }
        manifests: dict[str, dict[str, object]] = {"roles": {"rules": rules}, "rolebindings": {**binding}}
        for plural, manifest in manifests.items():
            body = {"metadata": {"name": "image-updater"}, **manifest}
            assert cluster.admin.request("POST", f"{_RBAC}/{plural}", body)[0] == 201
        function = make_function(make_settings({"cluster": cluster.name}, credentials=settings["credentials"]))
        grant(cluster.admin, *function.targets)
        assert function.result().action == "created"

        command = [str(binaries.find().kubectl), f"--kubeconfig={cluster.kubeconfig}", f"--as={_USER}", "get", "secret"]
        read = subprocess.run(
            [*command, f"--namespace={named[1]}", named[2], "--output=json"],
            capture_output=True,
            text=True,
            check=False,
        )
        elsewhere = subprocess.run([*command, "--namespace=argocd"], capture_output=True, text=True, check=False)

        assert read.returncode == 0, read.stderr
        assert "cannot list resource" in elsewhere.stderr, "one in argocd would need a Role there"
        auths = json.loads(base64.b64decode(json.loads(read.stdout)["data"][".dockerconfigjson"]))["auths"]
        with (
            run_ecr(local_cloud, tmp_path) as ecr,
            urllib3.ProxyManager(ecr.proxy, ca_certs=str(ecr.authority)) as client,
        ):
            headers = {"Authorization": f"Basic {auths[registry['prefix']]['auth']}"}
            assert client.request("GET", f"{registry['api_url']}/v2/", headers=headers).status == 200
