"""What pulls from ECR with a pull secret that is mounted: kustomize with charts, and a config management plugin.

The mount is a folder that this test updates as the kubelet does. The files are those of the docs.
"""

import base64
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.argo_cd.application import Application
from tests.argo_cd.assets import Assets
from tests.argo_cd.charts import VERSION, commit_all
from tests.argo_cd.deployment import MOUNTED, Deployment
from tests.argo_cd.programs import ArgoCd, install_definitions
from tests.local_cloud import binaries
from tests.local_cloud.processes import ProcessGroup
from tests.support.ecr import ENDED, Ecr
from tests.support.function import REGISTRY
from tests.support.objects import Objects, encode_base64

_EXAMPLES = Path(__file__).parents[2] / "docs" / "examples" / "mounted"
_SECRET = "ecr-pull"


@dataclass(frozen=True, kw_only=True)
class Mounted:
    """Argo CD with the mounted login, and a git repository with an Application's folder for each way."""

    argo_cd: ArgoCd
    git: str
    login: Path
    secret: Objects

    def update(self) -> None:
        """Let the folder hold what the Secret holds; the file is replaced whole, as the kubelet does."""
        unfinished = self.login / "..data"
        unfinished.write_bytes(base64.b64decode(self.secret.require("secrets")["data"][".dockerconfigjson"]))
        unfinished.replace(self.login / "config.json")


@pytest.fixture(scope="module")
def mounted(
    assets: Assets, ecr: Ecr, deployment: Deployment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mounted]:
    directory, cluster = tmp_path_factory.mktemp("mounted"), deployment.installation.cluster
    deployment.wait_for_the_schedule()
    secret = Objects(admin=cluster.admin, namespace=MOUNTED, name=_SECRET)
    login = directory / "login"
    login.mkdir()
    # The path of a socket has at most 107 characters.
    sockets = Path(tempfile.mkdtemp(prefix="cmp-"))
    environment = {**ecr.environment, "DOCKER_CONFIG": str(login), "ARGOCD_PLUGINSOCKFILEPATH": str(sockets)}
    argo_cd = ArgoCd(
        namespace=MOUNTED,
        directory=directory / "argo-cd",
        assets=assets,
        cluster=cluster,
        environment=environment,
        programs=[assets.kustomize],
    )
    install_definitions(assets, cluster)
    try:
        with _run_plugin(argo_cd, directory / "plugin"):
            argo_cd.start()
            argo_cd.apply(_make_options())
            mounted = Mounted(argo_cd=argo_cd, git=_commit(directory / "git"), login=login, secret=secret)
            mounted.update()
            yield mounted
    finally:
        argo_cd.stop()
        shutil.rmtree(sockets)


@pytest.mark.parametrize("way", ["kustomize", "plugin"])
def test_an_application_outlives_its_mounted_token(
    way: str, mounted: Mounted, ecr: Ecr, deployment: Deployment
) -> None:
    application = Application(argo_cd=mounted.argo_cd, name=f"by-{way}")
    plugin = {"plugin": {"name": "from-ecr"}} if way == "plugin" else {}
    application.create(repoURL=mounted.git, path=way, targetRevision="HEAD", **plugin)
    application.wait_until_healthy()

    ecr.end_tokens()
    application.refresh()
    application.wait_for_error(ENDED)

    deployment.renew()
    mounted.update()
    application.refresh()
    application.wait_until_healthy()


def test_helm_takes_other_registries_logins_from_its_own_file(
    assets: Assets, mounted: Mounted, ecr: Ecr, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"auths": {"ghcr.io": {"auth": encode_base64("me:theirs")}}}))
    environment = {**ecr.environment, "DOCKER_CONFIG": str(mounted.login), "HOME": str(tmp_path)}
    environment["HELM_REGISTRY_CONFIG"] = str(tmp_path / "config.json")

    def show_chart(url: str) -> int:
        command = [str(assets.helm), "show", "chart", url, f"--version={VERSION}"]
        return subprocess.run(command, env=environment, capture_output=True, check=False).returncode

    assert show_chart(f"oci://{REGISTRY}/demo") == 0
    assert show_chart("oci://ghcr.io/charts/demo") != 0  # that registry has none
    sent = {visit.authorization for visit in ecr.visits if visit.place == "ghcr.io:443"}
    assert f"Basic {encode_base64('me:theirs')}" in sent


def test_the_patch_mounts_the_secret_where_the_login_is_looked_for(tmp_path: Path) -> None:
    container = {"name": "argocd-repo-server", "image": "a", "env": [{"name": "A", "value": "b"}]}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "argocd-repo-server"},
        "spec": {"template": {"spec": {"containers": [container]}}},
    }
    (tmp_path / "d.json").write_text(json.dumps(deployment))
    patch = f"--patch-file={_EXAMPLES / 'repo-server-patch.yaml'}"
    command = [str(binaries.find().kubectl), "patch", "--local", "-f", str(tmp_path / "d.json"), patch, "-o", "json"]

    done = subprocess.run(command, check=True, capture_output=True, text=True)

    pod = json.loads(done.stdout)["spec"]["template"]["spec"]
    (volume,) = pod["volumes"]
    (patched,) = pod["containers"]
    assert volume["secret"]["secretName"] == _SECRET
    assert volume["secret"]["items"] == [{"key": ".dockerconfigjson", "path": "config.json"}]
    variables = {variable["name"]: variable["value"] for variable in patched["env"]}
    assert variables == {"A": "b", "DOCKER_CONFIG": "/ecr-login"}
    assert patched["volumeMounts"] == [{"name": volume["name"], "mountPath": "/ecr-login", "readOnly": True}]


def _make_options() -> dict[str, object]:
    metadata = {"name": "argocd-cm", "namespace": MOUNTED, "labels": {"app.kubernetes.io/part-of": "argocd"}}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata,
        "data": {"kustomize.buildOptions": "--enable-helm"},
    }


def _read_example(name: str) -> str:
    return (_EXAMPLES / name).read_text().replace("HOST", REGISTRY)


def _commit(directory: Path) -> str:
    for way in ("kustomize", "plugin"):
        (directory / way).mkdir(parents=True)
    (directory / "kustomize" / "kustomization.yaml").write_text(_read_example("kustomization.yaml"))
    (directory / "plugin" / "empty").touch()
    return commit_all(directory)


@contextmanager
def _run_plugin(argo_cd: ArgoCd, directory: Path) -> Iterator[None]:
    """The plugin's server, as in a sidecar; the repo-server finds it by its socket."""
    directory.mkdir()
    (directory / "plugin.yaml").write_text(_read_example("plugin.yaml"))
    processes = ProcessGroup(directory)
    server = processes.start(
        [argo_cd.assets.argo_cd, f"--config-dir-path={directory}", "--loglevel=warn"],
        log=directory / "log",
        environment={**argo_cd.environment, "PATH": argo_cd.path, "ARGOCD_BINARY_NAME": "argocd-cmp-server"},
    )
    try:
        yield
    finally:
        processes.stop()
        server.wait()
