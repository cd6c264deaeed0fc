"""The function's own parts against a real API server, and AWS on this machine with IAM enforced."""

import base64
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest

import argo_ecr_auth
from argo_ecr_auth.clients.sessions import Sessions
from argo_ecr_auth.connections import WarmCache
from argo_ecr_auth.core.rbac import make_rbac_manifests
from argo_ecr_auth.core.results import Result
from argo_ecr_auth.core.rules import find_faults
from argo_ecr_auth.core.settings import Settings
from argo_ecr_auth.core.targets import Target, resolve_targets
from argo_ecr_auth.sync import RunOptions, sync
from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.local_cloud.control_plane import ControlPlane
from tests.local_cloud.environment import CLOSED_PROXY, REGION
from tests.local_cloud.kube_api import KubeApi

GROUP = "argo-ecr-auth"
REGISTRY = "000000000000.dkr.ecr.us-east-1.amazonaws.com"
RIGHTS = ("ecr:GetAuthorizationToken", "eks:DescribeCluster")


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A Kubernetes API server without AWS; two static tokens: `member`, in the group argo-ecr-auth, and `stranger`."""
    users = {"member": ("member", ["argo-ecr-auth"]), "stranger": ("stranger", [])}
    with ControlPlane(tmp_path_factory.mktemp("control-plane"), users=users) as plane:
        yield plane


@pytest.fixture(scope="session")
def local_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """AWS without clusters: `create_cluster` makes one, in about 4 seconds."""
    with LocalCloud(tmp_path_factory.mktemp("local-cloud") / "state") as cloud:
        yield cloud


@pytest.fixture(scope="session")
def role(local_cloud: LocalCloud) -> str:
    """What the function's role may do, made by hand: the deployed one is another test's."""
    return local_cloud.create_role("function", allow=RIGHTS)


def admit(cloud: LocalCloud, cluster: Cluster, role: str) -> None:
    """The access entry that the CDK app makes."""
    cloud.client("eks", account=cluster.account, region=cluster.region).create_access_entry(
        clusterName=cluster.name, principalArn=role, kubernetesGroups=[GROUP]
    )


@pytest.fixture(scope="session")
def cluster(local_cloud: LocalCloud, role: str) -> Cluster:
    cluster = local_cloud.create_cluster("demo")
    admit(local_cloud, cluster, role)
    return cluster


@pytest.fixture
def namespace(cluster: Cluster) -> str:
    """A namespace for this test alone, without the function's Role."""
    name = f"test-{uuid4().hex[:8]}"
    cluster.admin.create_namespace(name)
    return name


def make_settings(*targets: dict[str, Any], **others: Any) -> Settings:
    """Settings as a user writes them, with one credential for every target that has none."""
    written = {"credentials": [{"registry": REGISTRY}], "targets": targets, **others}
    settings = msgspec.convert(written, type=Settings)
    assert not find_faults(settings)
    return settings


def grant(admin: KubeApi, *targets: Target) -> None:
    """Apply the manifest that the synth writes."""
    for target in targets:
        for manifest in make_rbac_manifests(target, group=GROUP):
            plural = {"Role": "roles", "RoleBinding": "rolebindings"}[manifest["kind"]]
            path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{manifest['metadata']['namespace']}/{plural}"
            status, answer = admin.request("POST", path, manifest)
            assert status == 201, answer


@dataclass(kw_only=True)
class Function:
    """The function without Lambda around it: one warm environment, its settings, and the clock."""

    sessions: Sessions
    settings: Settings
    cache: WarmCache = field(init=False)
    now: datetime | None = None
    function_role_id: str | None = None

    def __post_init__(self) -> None:
        self.cache = WarmCache(sessions=self.sessions)

    @property
    def targets(self) -> tuple[Target, ...]:
        return resolve_targets(self.settings, region=REGION, function_role_id=self.function_role_id)

    def run(self, *, seconds: float = 30, dry_run: bool = False, force: bool = False) -> tuple[Result, ...]:
        order = RunOptions(renew_before=timedelta(hours=6), seconds=seconds, dry_run=dry_run, force=force)
        return sync(self.targets, order=order, cache=self.cache, now=lambda: self.now or datetime.now(UTC))

    def result(self, **order: Any) -> Result:
        """The result of a run over one credential."""
        (result,) = self.run(**order)
        return result


@pytest.fixture
def make_function(local_cloud: LocalCloud, role: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Function]:
    """Makes functions with these settings, in the environment and with the credentials that Lambda would give them."""

    def make(settings: Settings, *, role: str = role) -> Function:
        credentials = local_cloud.assume(role)
        environment = local_cloud.settings() | {
            "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
            "AWS_SESSION_TOKEN": credentials["SessionToken"],
            # Nothing leaves this machine: ECR's registries, which are not here, meet a closed door.
            "HTTPS_PROXY": CLOSED_PROXY,
            "https_proxy": CLOSED_PROXY,
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return Function(sessions=Sessions(region=REGION), settings=settings)

    return make


@dataclass(frozen=True, kw_only=True)
class Objects:
    """The Secret and the ConfigMap of one credential, as the cluster's administrator sees and changes them."""

    admin: KubeApi
    namespace: str
    name: str = "ecr-auth"

    def path(self, plural: str) -> str:
        return f"/api/v1/namespaces/{self.namespace}/{plural}/{self.name}"

    def get(self, plural: str) -> dict[str, Any] | None:
        status, answer = self.admin.request("GET", self.path(plural))
        assert status in {200, 404}, answer
        return dict(answer) if status == 200 else None

    def require(self, plural: str) -> dict[str, Any]:
        found = self.get(plural)
        assert found is not None, f"no {plural} {self.namespace}/{self.name}"
        return found

    def patch(self, plural: str, change: dict[str, Any]) -> None:
        status, answer = self.admin.request(
            "PATCH", self.path(plural), change, content_type="application/merge-patch+json"
        )
        assert status == 200, answer

    def delete(self, plural: str) -> None:
        status, answer = self.admin.request("DELETE", self.path(plural))
        assert status == 200, answer

    @property
    def password(self) -> str:
        return base64.b64decode(self.require("secrets")["data"]["password"]).decode()

    @property
    def versions(self) -> tuple[str, str]:
        secret, config_map = self.require("secrets"), self.require("configmaps")
        return secret["metadata"]["resourceVersion"], config_map["metadata"]["resourceVersion"]

    def text(self) -> str:
        """Everything that the ConfigMap says, for a search."""
        return json.dumps(self.require("configmaps"))


@pytest.fixture
def objects(cluster: Cluster, namespace: str) -> Objects:
    return Objects(admin=cluster.admin, namespace=namespace)


@pytest.fixture
def function(cluster: Cluster, namespace: str, make_function: Callable[..., Function]) -> Function:
    """A function with one target and one credential, in a namespace where it has its rights."""
    function = make_function(make_settings({"cluster": cluster.name, "namespace": namespace}))
    grant(cluster.admin, *function.targets)
    return function


# As Lambda runs a handler, with every logger wide open.
_LAMBDA = """
import json, logging, sys, traceback
logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
from argo_ecr_auth.handler import handler

class Context:
    function_name = memory_limit_in_mb = invoked_function_arn = aws_request_id = "x"
    def get_remaining_time_in_millis(self):
        return 20_000

for event in json.load(sys.stdin):
    try:
        print(json.dumps(handler(event, Context())))
    except Exception:
        traceback.print_exc()
"""


@pytest.fixture
def say(local_cloud: LocalCloud, role: str, tmp_path: Path) -> Callable[..., tuple[str, dict[str, str]]]:
    """Runs the handler in a process of its own; gives all its output, and the credentials that it ran with."""
    package = Path(argo_ecr_auth.__file__).parent
    shutil.copytree(package, tmp_path / package.name)

    def run(function: Function, events: list[object], **environment: str) -> tuple[str, dict[str, str]]:
        (tmp_path / "settings.json").write_bytes(msgspec.json.encode(function.settings))
        credentials = local_cloud.assume(role)
        done = subprocess.run(
            [sys.executable, "-c", _LAMBDA],
            cwd=tmp_path,
            input=json.dumps(events),
            capture_output=True,
            text=True,
            check=True,
            env=local_cloud.environment()
            | {
                "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
                "AWS_SESSION_TOKEN": credentials["SessionToken"],
                "HTTPS_PROXY": CLOSED_PROXY,
                "NO_PROXY": "127.0.0.1",
                "POWERTOOLS_LOG_LEVEL": "DEBUG",
                "POWERTOOLS_SERVICE_NAME": "argo-ecr-auth",
                "POWERTOOLS_METRICS_NAMESPACE": "ArgoEcrAuth",
                "AWS_LAMBDA_FUNCTION_NAME": "x",
                **environment,
            },
        )
        return done.stdout + done.stderr, credentials

    return run
