"""The recipes of docs/coming-from.md, there and back: Argo CD's Secret is never missing and its password never refused.

The commands are the page's own. kubectl and the API server are real. Kubernetes' garbage collector and External Secrets
do not run here. The test does to the objects what External Secrets 0.16.2 was seen to do on the same API server.
"""

import base64
import json
import os
import re
import stat
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
import urllib3
import yaml

from argo_ecr_auth.core.timestamps import format_time, parse_expiry
from tests.local_cloud import binaries, ecr_token
from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.support.custom_resources import serve_resource
from tests.support.ecr import Ecr, run_ecr
from tests.support.function import REGISTRY, Function, FunctionFactory, admit, grant, make_settings
from tests.support.objects import Objects, encode_base64

_DOCS = Path(__file__).parents[2] / "docs"
_SECONDS_TO_SEE = 30
_BLOCK = re.compile(r"<!-- (?P<kind>\w+): (?P<recipe>[a-z-]+) -->\n\s*```bash\n(?P<commands>.*?)```", re.DOTALL)
_EXTERNAL_SECRETS = "/apis/external-secrets.io/v1/namespaces/argocd/externalsecrets"
_RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces/argocd"
_KINDS_OF_RECIPES = (
    *(f"/api/v1/namespaces/argocd/{plural}" for plural in ("secrets", "configmaps")),
    *(f"{_RBAC}/{plural}" for plural in ("roles", "rolebindings")),
    "/apis/batch/v1/namespaces/argocd/cronjobs",
    _EXTERNAL_SECRETS,
)
_MARK = "reconcile.external-secrets.io"
_AWS = """#!{python}
import boto3, base64, sys
assert sys.argv[1:3] == ["ecr", "get-login-password"]
token = boto3.client("ecr").get_authorization_token()["authorizationData"][0]["authorizationToken"]
print(base64.b64decode(token).decode().partition(":")[2])
"""


@pytest.fixture(scope="module")
def ecr(local_cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ecr]:
    with run_ecr(local_cloud, tmp_path_factory.mktemp("ecr")) as ecr:
        yield ecr


@dataclass(frozen=True, kw_only=True)
class Place:
    """A cluster with the function's permissions in it, and who acts there."""

    cluster: Cluster
    cloud: LocalCloud
    ecr: Ecr
    function: Function
    directory: Path

    @property
    def objects(self) -> Objects:
        return Objects(admin=self.cluster.admin, namespace="argocd")

    def run(self, commands: str) -> str:
        """Run a shell's commands as the cluster's administrator, with an `aws` that knows one command."""
        program = self.directory / "bin" / "aws"
        program.parent.mkdir(exist_ok=True)
        program.write_text(_AWS.format(python=sys.executable))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        path = f"{program.parent}:{binaries.find().kubectl.parent}:{os.defpath}"
        environment = self.cloud.environment() | {"PATH": path, "KUBECONFIG": str(self.cluster.kubeconfig)}
        names = {"HOST": REGISTRY, "REGION": "us-east-1"}
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            env=environment | names,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def follow(self, kind: str, recipe: str) -> Iterator[str]:
        """The page's blocks of a recipe, run one after the other; each block's output."""
        return (self.run(commands) for commands in _list_commands(kind, recipe))


def _list_commands(kind: str, recipe: str) -> Iterator[str]:
    """The page's blocks of a recipe."""
    for block in _BLOCK.finditer((_DOCS / "coming-from.md").read_text()):
        if (block["kind"], block["recipe"]) == (kind, recipe):
            yield textwrap.dedent(block["commands"])


@pytest.fixture(scope="module")
def recipes(local_cloud: LocalCloud, role: str) -> Iterator[Cluster]:
    """A cluster in whose namespace `argocd` the recipes of the page are followed, one after another."""
    with local_cloud.run_cluster("recipes") as cluster:
        admit(local_cloud, cluster, role)
        serve_resource(
            cluster.admin,
            group="external-secrets.io",
            version="v1",
            plural="externalsecrets",
            kind="ExternalSecret",
        )
        yield cluster


@pytest.fixture
def place(
    local_cloud: LocalCloud,
    recipes: Cluster,
    ecr: Ecr,
    make_function: FunctionFactory,
    request: pytest.FixtureRequest,
) -> Place:
    monkeypatch, directory = request.getfixturevalue("monkeypatch"), request.getfixturevalue("tmp_path")
    for path in _KINDS_OF_RECIPES:
        status, answer = recipes.admin.request("DELETE", path)
        assert status == 200, answer
    function = make_function(make_settings({"cluster": recipes.name}))
    for name, value in ecr.environment.items():
        monkeypatch.setenv(name, value)
        monkeypatch.setenv(name.lower(), value)
    grant(recipes.admin, *function.targets)
    return Place(cluster=recipes, cloud=local_cloud, ecr=ecr, function=function, directory=directory)


@dataclass(kw_only=True)
class Watch:
    """What a watch of the Secret showed: the version that it is at, the passwords, and what was wrong."""

    version: str = ""
    passwords: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def follow(self, events: Iterable[bytes], registry: urllib3.ProxyManager) -> None:
        for line in events:
            self._look(json.loads(line), registry)

    def _look(self, event: dict[str, Any], registry: urllib3.ProxyManager) -> None:
        secret = event["object"]
        if event["type"] == "DELETED":
            self.faults.append("the Secret is missing")
        password = base64.b64decode(secret["data"]["password"]).decode()
        if password not in self.passwords:
            self.passwords.append(password)
        headers = urllib3.make_headers(basic_auth=f"AWS:{password}")
        status = registry.request("GET", f"https://{REGISTRY}/v2/", headers=headers).status
        if status != 200:
            self.faults.append(f"the registry answers {status}")
        if secret["metadata"].get("labels", {}).get("argocd.argoproj.io/secret-type") != "repository":
            self.faults.append("Argo CD does not see it")
        self.version = secret["metadata"]["resourceVersion"]


@contextmanager
def watch(place: Place) -> Iterator[Watch]:
    """Watch the Secret until the end of the block: the API server shows each of its versions."""
    seen = Watch()
    registry = urllib3.ProxyManager(place.ecr.proxy, ca_certs=str(place.ecr.authority))
    path = "/api/v1/namespaces/argocd/secrets?watch=true&fieldSelector=metadata.name%3Decr-auth"
    command = [str(binaries.find().kubectl), f"--kubeconfig={place.cluster.kubeconfig}", "get", "--raw", path]

    def wait_for_newest() -> None:
        deadline = time.monotonic() + _SECONDS_TO_SEE
        while seen.version != place.objects.require("secrets")["metadata"]["resourceVersion"]:
            assert time.monotonic() < deadline, seen
            time.sleep(0.05)

    with subprocess.Popen(command, stdout=subprocess.PIPE) as events:
        thread = Thread(target=seen.follow, args=(events.stdout, registry))
        thread.start()
        try:
            wait_for_newest()
            yield seen
            wait_for_newest()
        finally:
            events.terminate()
            thread.join()
            registry.clear()


def _assert_well(seen: Watch, *, passwords: int) -> None:
    assert seen.faults == []
    assert len(seen.passwords) == passwords, "nobody wrote more often than the recipe says"


def _take_over(place: Place) -> None:
    """What `make deploy` leads to; twice, because a second run must find nothing to do."""
    result = place.function.result()
    assert (result.action, result.verified) == ("repaired", True), result
    assert place.function.result().action == "fresh"


def test_there_from_a_cronjob_and_back(place: Place) -> None:
    script = (_DOCS / "examples" / "coming-from" / "cronjob.sh").read_text()
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "a"}]}}
    job = {
        "metadata": {"name": "ecr-refresh"},
        "spec": {"schedule": "0 */6 * * *", "jobTemplate": {"spec": {"template": template}}},
    }
    assert place.cluster.admin.request("POST", "/apis/batch/v1/namespaces/argocd/cronjobs", job)[0] == 201
    place.run(script)

    with watch(place) as seen:
        for _ in place.follow("recipe", "cronjob"):
            pass
        _take_over(place)
        resume, delete = range(2)
        for step, _ in enumerate(place.follow("back", "cronjob")):
            if step == resume:
                place.run(script)  # the Job's part
        assert step == delete

    _assert_well(seen, passwords=3)
    metadata = place.objects.require("secrets")["metadata"]
    assert place.objects.get("configmaps") is None
    assert "kubectl.kubernetes.io/last-applied-configuration" in metadata["annotations"], "kubectl keeps it again"


def test_there_from_external_secrets_and_back(place: Place) -> None:
    _create_external_secret(place)
    _reconcile(place, new_token=True)
    refused = place.function.result()
    assert "belongs to ExternalSecret ecr" in str(refused.error), "the function leaves it alone at first"

    with watch(place) as seen:
        for step, _ in enumerate(place.follow("recipe", "external-secrets")):
            _reconcile(place, new_token=step == 0)  # a changed ExternalSecret is refreshed
            if step == 0:
                assert list(place.follow("wait", "external-secrets")) == [""]
        _take_over(place)
        _create_external_secret(place)
        _reconcile(place, new_token=True)
        list(place.follow("back", "external-secrets"))

    _assert_well(seen, passwords=4)
    metadata = place.objects.require("secrets")["metadata"]
    assert [owner["name"] for owner in metadata["ownerReferences"]] == ["ecr"]
    assert place.objects.get("configmaps") is None


def test_there_from_the_in_cluster_tool_and_back(place: Place) -> None:
    _run_original_tool(place)

    with watch(place) as seen:
        _take_over(place)
        before = place.objects.versions
        _run_original_tool(place)
        assert place.objects.versions == before, "the tool does not touch what the function has just renewed"
        list(place.follow("back", "in-cluster"))
        _run_original_tool(place)

    _assert_well(seen, passwords=3)


def test_there_from_terraform_and_back(place: Place) -> None:
    """What its provider writes; Terraform itself does not run here."""
    _apply_terraform(place)

    with watch(place) as seen:
        _take_over(place)
        _apply_terraform(place)  # after the import, with a new token
        list(place.follow("back", "terraform"))

    _assert_well(seen, passwords=3)
    assert place.objects.get("configmaps") is None


def test_the_pages_settings_keep_every_key_of_the_in_cluster_tools_secret(
    place: Place, make_function: FunctionFactory
) -> None:
    _run_original_tool(place)
    text = (_DOCS / "coming-from.md").read_text().split("```yaml\n")[1].split("```")[0]
    written = yaml.safe_load(text.replace("HOST", REGISTRY).replace("my-cluster", place.cluster.name))
    function = make_function(make_settings(*written["targets"], credentials=written["credentials"]))
    keys = place.objects.require("secrets")["data"].keys()

    assert "somebody added" not in str(function.result().reason)

    assert place.objects.require("secrets")["data"].keys() == keys


def test_deleting_an_external_secret_first_would_delete_the_secret(place: Place) -> None:
    """Why the recipe lets go of it first; the test's garbage collector is worth something."""
    _create_external_secret(place)
    _reconcile(place, new_token=True)

    place.run("kubectl -n argocd delete externalsecret ecr")
    _reconcile(place, new_token=False)

    assert place.objects.get("secrets") is None


def _create_external_secret(place: Place) -> None:
    body = {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": "ecr"},
        "spec": {"target": {"name": "ecr-auth", "creationPolicy": "Owner"}},
    }
    assert place.cluster.admin.request("POST", _EXTERNAL_SECRETS, body)[0] == 201


def _reconcile(place: Place, *, new_token: bool) -> None:
    """What the controller does to the Secret, and then Kubernetes' garbage collector."""
    status, found = place.cluster.admin.request("GET", f"{_EXTERNAL_SECRETS}/ecr")
    if status == 404:
        owned = (place.objects.get("secrets") or {}).get("metadata", {}).get("ownerReferences")
        if owned:
            place.objects.delete("secrets")
        return
    owner = {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "name": "ecr",
        "uid": found["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    owns = found["spec"]["target"]["creationPolicy"] == "Owner"
    change: dict[str, Any] = {
        "metadata": {
            "labels": {
                "argocd.argoproj.io/secret-type": "repository",
                f"{_MARK}/managed": "true",
                f"{_MARK}/created-by": "a" * 56 if owns else None,
            },
            "annotations": {f"{_MARK}/data-hash": uuid4().hex},
            "ownerReferences": [owner] if owns else None,
        }
    }
    if new_token:
        change["data"] = _encode_data(ecr_token.parse(place.ecr.issue_token()).password)
    _write(place, "secrets", change, manager="externalsecrets.external-secrets.io/ecr")


def _apply_terraform(place: Place) -> None:
    token = ecr_token.parse(place.ecr.issue_token())
    labels = {"labels": {"argocd.argoproj.io/secret-type": "repository"}}
    _write(place, "secrets", {"metadata": labels, "data": _encode_data(token.password)}, manager="HashiCorp")


def _run_original_tool(place: Place) -> None:
    """One pass of it: it writes both objects unless the ConfigMap says that more than two hours are left."""
    ends = parse_expiry(place.objects.get("configmaps"))
    if ends is not None and ends > datetime.now(UTC) + timedelta(hours=2):
        return
    token = ecr_token.parse(place.ecr.issue_token())
    labels = {"labels": {"argocd.argoproj.io/secret-type": "repository"}}
    _write(place, "secrets", {"metadata": labels, "data": _encode_data(token.password)}, manager="argo-ecr-auth")
    managed = {"labels": {"argo-ecr-auth": "managed-resource"}}
    data = {"expireyTime": format_time(datetime.now(UTC) + timedelta(hours=12)), "name": REGISTRY}
    _write(place, "configmaps", {"metadata": managed, "data": data}, manager="argo-ecr-auth")


def _write(place: Place, plural: str, change: dict[str, Any], *, manager: str) -> None:
    """Create the object or change it, as an update of this field manager."""
    if place.objects.get(plural) is None:
        body = {**change, "metadata": {"name": "ecr-auth", **change["metadata"]}}
        path, method, content = place.objects.path(plural).rpartition("/")[0], "POST", "application/json"
    else:
        body, path, method, content = change, place.objects.path(plural), "PATCH", "application/merge-patch+json"
    status, answer = place.cluster.admin.request(method, f"{path}?fieldManager={manager}", body, content_type=content)
    assert status in {200, 201}, answer


def _encode_data(password: str) -> dict[str, str]:
    keys = {"url": REGISTRY, "name": "ecr", "type": "helm", "enableOCI": "true", "username": "AWS"}
    return {key: encode_base64(value) for key, value in {**keys, "password": password}.items()}
