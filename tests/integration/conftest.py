"""Fixtures: the function, a real API server, and AWS on this machine with IAM enforced."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import trustme

from argo_ecr_auth.aws.sessions import Sessions
from argo_ecr_auth_settings.settings import Settings
from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.local_cloud.environment import REGION
from tests.local_cloud.registry import Registry
from tests.support import handler_process
from tests.support.function import (
    PERMISSIONS,
    REGISTRY,
    Function,
    FunctionFactory,
    admit,
    grant,
    make_environment,
    make_settings,
)
from tests.support.handler_process import RunHandler
from tests.support.objects import Objects
from tests.support.registry_login import REPOSITORY, TOKEN


@pytest.fixture(scope="package")
def local_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """AWS without clusters: `create_cluster` makes one, in about 4 seconds."""
    with LocalCloud(tmp_path_factory.mktemp("local-cloud") / "state") as cloud:
        yield cloud


@pytest.fixture(scope="package")
def role(local_cloud: LocalCloud) -> str:
    """A role with the permissions of the function's role, made by hand."""
    return local_cloud.create_role("function", allow=PERMISSIONS)


@pytest.fixture(scope="package")
def cluster(local_cloud: LocalCloud, role: str) -> Cluster:
    cluster = local_cloud.create_cluster("demo")
    admit(local_cloud, cluster, role)
    return cluster


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """A namespace for this test, without the function's Role. Doctor would find its expired ConfigMaps later."""
    name = f"test-{uuid4().hex[:8]}"
    cluster.admin.create_namespace(name)
    yield name
    cluster.admin.request("DELETE", f"/api/v1/namespaces/{name}/configmaps")


@pytest.fixture
def make_function(local_cloud: LocalCloud, role: str, monkeypatch: pytest.MonkeyPatch) -> FunctionFactory:
    """Makes functions with these settings, and with the environment and credentials that Lambda would give them."""

    def make(settings: Settings, *, role: str = role) -> Function:
        for name, value in make_environment(local_cloud, role).items():
            monkeypatch.setenv(name, value)
        return Function(sessions=Sessions(region=REGION), settings=settings)

    return make


@pytest.fixture
def objects(cluster: Cluster, namespace: str) -> Objects:
    return Objects(admin=cluster.admin, namespace=namespace)


@pytest.fixture
def make_function_with(cluster: Cluster, namespace: str, make_function: FunctionFactory) -> FunctionFactory:
    """Makes functions with these credentials in a namespace where they have their Role, and with other targets."""

    def make(*credentials: Mapping[str, Any], others: Sequence[dict[str, Any]] = ()) -> Function:
        target = {"cluster": cluster.name, "namespace": namespace, "credentials": credentials}
        function = make_function(make_settings(target, *others))
        grant(cluster.admin, function.targets[0])
        return function

    return make


@pytest.fixture
def function(make_function_with: FunctionFactory) -> Function:
    """A function with one target and one credential, in a namespace where it has its Role."""
    return make_function_with({"registry": REGISTRY, "name": "ecr"})


@pytest.fixture
def run_handler(local_cloud: LocalCloud, role: str, tmp_path: Path) -> RunHandler:
    """Runs the handler in a process of its own; gives all its output, and the environment that it ran with."""
    return partial(handler_process.run_handler, directory=tmp_path, cloud=local_cloud, role=role)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with Registry(tmp_path_factory.mktemp("registry"), authority=trustme.CA(), hosts=[REGISTRY]) as registry:
        registry.push(REPOSITORY)
        yield registry


@pytest.fixture
def registry(running: Registry) -> Registry:
    """A registry of one repository, which lets in AWS with the password of `TOKEN`."""
    running.let_in({"AWS": TOKEN.password})
    return running


@pytest.fixture
def forbidding(running: Registry) -> Registry:
    """A registry that lets in somebody else."""
    running.let_in({"AWS": "another password"})
    return running
