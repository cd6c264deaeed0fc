"""The examples of docs/examples/credentials: the function writes their Secrets, an API server takes the rest."""

import base64
import json
import re
import subprocess
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import urllib3
import yaml

from argo_ecr_auth.core.targets import Target
from tests.local_cloud import binaries
from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.support.custom_resources import serve_resource
from tests.support.ecr import run_ecr
from tests.support.function import REGISTRY, FunctionFactory, admit, grant, make_settings
from tests.support.objects import Objects

_EXAMPLES = Path(__file__).parents[2] / "docs" / "examples" / "credentials"
_IMAGE_UPDATER = "argocd-image-updater-system"
_NAMESPACES = ("argocd", _IMAGE_UPDATER, "kargo-shared-resources", "my-app", "team-a", "team-b", "team-c")
# Of each example, the URLs of the Secrets for Argo CD, by the registry's host.
_URLS = {
    "argo-cd": {"{}", "{}/", "oci://{}/"},
    "argocd-agent": {"{}/", "oci://{}/"},
    "image-updater": set(),
    "kargo": set(),
    "mounted": set(),
    "namespaces": set(),
    "pods": set(),
}


@pytest.fixture(scope="module")
def shared(local_cloud: LocalCloud, role: str) -> Iterator[Cluster]:
    """A cluster that serves Argo CD's resources."""
    with local_cloud.run_cluster("examples", namespaces=list(_NAMESPACES)) as cluster:
        admit(local_cloud, cluster, role)
        for plural, kind in (("applications", "Application"), ("appprojects", "AppProject")):
            serve_resource(cluster.admin, group="argoproj.io", version="v1alpha1", plural=plural, kind=kind)
        yield cluster


def _read(path: Path) -> Iterator[dict[str, Any]]:
    yield from yaml.safe_load_all(path.read_text().replace("123456789012.dkr.ecr.eu-west-1.amazonaws.com", REGISTRY))


def test_each_example_is_tried() -> None:
    assert {path.name for path in _EXAMPLES.iterdir()} == {*_URLS, "image-updater-namespace", "teams"}


def test_two_teams_have_a_secret_and_a_role_each(make_function: FunctionFactory) -> None:
    (written,) = _read(_EXAMPLES / "teams" / "settings.yaml")
    (target,) = make_function(make_settings(*written["targets"], credentials=written["credentials"])).targets
    found = [
        (credential.secret_name, credential.project, credential.role and credential.role.arn)
        for credential in target.credentials
    ]
    assert found == [
        (f"ecr-team-{team}", f"team-{team}", f"arn:aws:iam::123456789012:role/pull-team-{team}") for team in "ab"
    ]


@pytest.mark.parametrize("example", sorted(_URLS))
def test_the_function_writes_the_secrets_that_the_example_asks_for(
    example: str, shared: Cluster, make_function: FunctionFactory
) -> None:
    (written,) = _read(_EXAMPLES / example / "settings.yaml")
    name = f"{example}-{uuid4().hex[:6]}"
    for credential in written["credentials"]:
        credential["secret_name"] = name  # the examples share a cluster here
    function = make_function(make_settings({"cluster": shared.name}, credentials=written["credentials"]))
    _grant_again(shared, function.targets)

    assert {result.action for result in function.run()} == {"created"}

    urls = {url for namespace in _NAMESPACES for url in _list_urls(shared, namespace, name)}
    assert urls == set(_list_written(example))


def _grant_again(cluster: Cluster, targets: tuple[Target, ...]) -> None:
    """Apply the manifests; those of an earlier example in the same namespace go first."""
    for namespace in _NAMESPACES:
        for plural in ("roles", "rolebindings"):
            cluster.admin.request(
                "DELETE", f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/{plural}/argo-ecr-auth"
            )
    grant(cluster.admin, *targets)


def _list_urls(cluster: Cluster, namespace: str, name: str) -> Iterator[str]:
    _, found = cluster.admin.request("GET", f"/api/v1/namespaces/{namespace}/secrets")
    for secret in found["items"]:
        if secret["metadata"]["name"].startswith(name) and "url" in secret["data"]:
            yield base64.b64decode(secret["data"]["url"]).decode()


_NO_OBJECTS = {"settings.yaml", "Chart.yaml", "registries.conf.yaml"}
_OBJECTS = sorted(path for path in _EXAMPLES.glob("*/*.yaml") if path.name not in _NO_OBJECTS)


@pytest.mark.parametrize("path", _OBJECTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_is_yours_in_an_example_is_one_that_an_api_server_takes(path: Path, shared: Cluster) -> None:
    kubectl = [str(binaries.find().kubectl), f"--kubeconfig={shared.kubeconfig}"]
    text = "\n---\n".join(yaml.safe_dump(document) for document in _read(path))
    done = subprocess.run(
        [*kubectl, "create", "--dry-run=server", "-f", "-"], input=text, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["host", "prefix", "oci", "git"])
def test_the_credential_serves_each_application_and_the_project_permits_it(name: str) -> None:
    (application,) = _read(_EXAMPLES / "argo-cd" / f"{name}.yaml")
    (project,) = _read(_EXAMPLES / "argo-cd" / "project.yaml")
    (chart,) = _read(_EXAMPLES / "argo-cd" / "Chart.yaml")
    (dependency,) = chart["dependencies"]
    url = application["spec"]["source"]["repoURL"]
    asked = dependency["repository"].removeprefix("oci://") if name == "git" else url

    (served_by,) = [written for written in _list_written("argo-cd") if _serves(written, asked)]

    assert application["spec"]["project"] == project["metadata"]["name"]
    permitted = project["spec"]["sourceRepos"]
    assert _permits(permitted, url)
    # Of a dependency, Argo CD asks the project for the credential's URL (argo-cd, controller/state.go).
    assert name != "git" or _permits(permitted, served_by)


def _list_written(example: str) -> Iterator[str]:
    return (url.format(REGISTRY) for url in _URLS[example])


def _serves(written: str, url: str) -> bool:
    """As Argo CD compares: a template's URL is the beginning of the other one, a repository's all of it."""
    return url == written or (written.endswith("/") and url.startswith(written))


def _permits(patterns: list[str], url: str) -> bool:
    """As Argo CD reads the patterns of the page: a URL, or all below one."""
    return url in patterns or any(
        pattern.endswith("/**") and url.startswith(pattern.removesuffix("**")) for pattern in patterns
    )


def test_the_change_over_adds_the_new_secrets_beside_the_old_one_and_then_leaves_that_alone(
    shared: Cluster, make_function: FunctionFactory
) -> None:
    page = (_EXAMPLES.parents[1] / "credentials.md").read_text()
    section = page[page.index("### Step by step") :]
    written = yaml.safe_load(textwrap.dedent(section.split("```yaml\n")[1].split("```")[0]).replace("HOST", REGISTRY))
    old, new = written["credentials"]

    def run(*credentials: dict[str, Any]) -> dict[str, str]:
        function = make_function(make_settings({"cluster": shared.name}, credentials=list(credentials)))
        _grant_again(shared, function.targets)
        return {result.secret: result.action for result in function.run()}

    assert run(old) == {"argocd/ecr-auth": "created"}
    assert run(old, new) == {
        "argocd/ecr-auth": "fresh",
        **dict.fromkeys(("argocd/ecr", "argocd/ecr-helm", "argocd/ecr-oci"), "created"),
    }
    before = Objects(admin=shared.admin, namespace="argocd").versions
    assert set(run(new).values()) == {"fresh"}
    assert Objects(admin=shared.admin, namespace="argocd").versions == before


def test_image_updater_reads_the_pull_secret_that_the_page_names_and_the_registry_takes_it(
    shared: Cluster, local_cloud: LocalCloud, make_function: FunctionFactory, tmp_path: Path
) -> None:
    """Image Updater in its own namespace, with the permissions of its manifests; it does not run here.

    Its config/install.yaml gives its service account get, list and watch of Secrets in its own namespace alone. It
    takes `pullsecret:NAMESPACE/NAME`, and of that auths[HOST].auth.
    """
    (settings,), (config,) = (
        _read(_EXAMPLES / "image-updater-namespace" / name) for name in ("settings.yaml", "registries.conf.yaml")
    )
    (registry,) = config["registries"]
    named = re.fullmatch("pullsecret:([^/]+)/([^/]+)", registry["credentials"])
    assert named, registry
    user = f"system:serviceaccount:{_IMAGE_UPDATER}:argocd-image-updater-controller"
    _let_read_secrets(shared, user)
    function = make_function(make_settings({"cluster": shared.name}, credentials=settings["credentials"]))
    _grant_again(shared, function.targets)
    assert function.result().action == "created"

    command = [str(binaries.find().kubectl), f"--kubeconfig={shared.kubeconfig}", f"--as={user}", "get", "secret"]
    read = subprocess.run(
        [*command, f"--namespace={named[1]}", named[2], "--output=json"], capture_output=True, text=True, check=False
    )
    elsewhere = subprocess.run([*command, "--namespace=argocd"], capture_output=True, text=True, check=False)

    assert read.returncode == 0, read.stderr
    assert "cannot list resource" in elsewhere.stderr, "one in argocd would need a Role there"
    auths = json.loads(base64.b64decode(json.loads(read.stdout)["data"][".dockerconfigjson"]))["auths"]
    headers = {"Authorization": f"Basic {auths[registry['prefix']]['auth']}"}
    with (
        run_ecr(local_cloud, tmp_path) as ecr,
        urllib3.ProxyManager(ecr.proxy, ca_certs=str(ecr.authority)) as client,
    ):
        assert client.request("GET", f"{registry['api_url']}/v2/", headers=headers).status == 200


def _let_read_secrets(cluster: Cluster, user: str) -> None:
    rules = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list", "watch"]}]
    binding = {
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "image-updater"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
    }
    manifests: dict[str, dict[str, object]] = {"roles": {"rules": rules}, "rolebindings": {**binding}}
    for plural, manifest in manifests.items():
        path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{_IMAGE_UPDATER}/{plural}"
        body = {"metadata": {"name": "image-updater"}, **manifest}
        assert cluster.admin.request("POST", path, body)[0] == 201
