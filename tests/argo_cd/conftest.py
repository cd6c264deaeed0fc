"""Fixtures: Argo CD in a namespace of its own, ECR under its own name, and the function."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.argo_cd.application import Application
from tests.argo_cd.assets import Assets
from tests.argo_cd.charts import push_chart, write_chart
from tests.argo_cd.ecr import Ecr, run_ecr
from tests.argo_cd.programs import ArgoCd, install_definitions
from tests.integration.conftest import cluster, local_cloud, make_function, namespace, role
from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.support.function import Function, FunctionFactory, grant, make_settings

__all__ = ["cluster", "local_cloud", "make_function", "namespace", "role"]


@pytest.fixture(scope="session")
def assets() -> Assets:
    try:
        return Assets.find()
    except FileNotFoundError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


@pytest.fixture(scope="session")
def ecr(assets: Assets, local_cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ecr]:
    """ECR with the chart `demo`, at HOST and at HOST/team."""
    directory = tmp_path_factory.mktemp("ecr")
    with run_ecr(local_cloud, directory) as ecr:
        push_chart(assets, ecr, write_chart(directory, "demo"), "", "/team")
        yield ecr


@pytest.fixture(scope="session")
def prepared_cluster(assets: Assets, cluster: Cluster) -> Cluster:
    """The cluster, with Argo CD's custom resource definitions."""
    install_definitions(assets, cluster)
    return cluster


@pytest.fixture
def argo_cd(assets: Assets, ecr: Ecr, prepared_cluster: Cluster, namespace: str, tmp_path: Path) -> Iterator[ArgoCd]:
    """Argo CD for the test's namespace."""
    with ArgoCd(
        assets=assets,
        cluster=prepared_cluster,
        namespace=namespace,
        directory=tmp_path / "argo-cd",
        environment=ecr.environment,
    ) as argo_cd:
        yield argo_cd


@pytest.fixture
def application(argo_cd: ArgoCd) -> Application:
    return Application(argo_cd=argo_cd)


@pytest.fixture
def make_function_with(
    ecr: Ecr, cluster: Cluster, namespace: str, make_function: FunctionFactory, monkeypatch: pytest.MonkeyPatch
) -> FunctionFactory:
    """Makes functions of one credential, which log in at ECR by its own name."""

    def make(credential: dict[str, Any]) -> Function:
        target = {"cluster": cluster.name, "namespace": namespace, "credentials": [credential]}
        function = make_function(make_settings(target))
        for name, value in ecr.environment.items():
            monkeypatch.setenv(name, value)
        grant(cluster.admin, *function.targets)
        return function

    return make
