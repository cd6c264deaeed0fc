"""What every test process needs: the limits that an entry point installs, and hypothesis with fixed examples.

The fixtures are those that more than one tier uses: a cluster takes long to start.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any
from unittest import mock
from uuid import uuid4

import botocore.loaders
import botocore.session
import hypothesis
import pytest

from argo_ecr_auth.aws.sessions import Sessions
from argo_ecr_auth.deadlines import install_time_limits
from argo_ecr_auth_settings.settings import Settings
from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.local_cloud.environment import REGION
from tests.support.function import RIGHTS, Function, FunctionFactory, admit, grant, make_environment, make_settings
from tests.support.objects import Objects

install_time_limits()
hypothesis.settings.register_profile("tests", derandomize=True, deadline=None)
hypothesis.settings.load_profile("tests")
# Each client reads the models of its service again, which would take more time than what most tests do with it.
mock.patch.object(botocore.session, "create_loader", cache(botocore.loaders.create_loader)).start()


@pytest.fixture(scope="session")
def local_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """AWS without clusters: `create_cluster` makes one, in about 4 seconds."""
    with LocalCloud(tmp_path_factory.mktemp("local-cloud") / "state") as cloud:
        yield cloud


@pytest.fixture(scope="session")
def role(local_cloud: LocalCloud) -> str:
    """A role with the rights of the function's role, made by hand."""
    return local_cloud.create_role("function", allow=RIGHTS)


@pytest.fixture(scope="session")
def cluster(local_cloud: LocalCloud, role: str) -> Cluster:
    cluster = local_cloud.create_cluster("demo")
    admit(local_cloud, cluster, role)
    return cluster


@pytest.fixture
def namespace(cluster: Cluster) -> str:
    """A namespace for this test, without the function's Role."""
    name = f"test-{uuid4().hex[:8]}"
    cluster.admin.create_namespace(name)
    return name


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
