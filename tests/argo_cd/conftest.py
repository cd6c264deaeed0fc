"""Fixtures: the app deployed, its schedule running, ECR under its own name, and Argo CD in several namespaces."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial

import pytest

from tests.argo_cd.assets import Assets
from tests.argo_cd.charts import push_chart, write_chart
from tests.argo_cd.deployment import NAMESPACES, TEAM_NAMES, Deployment
from tests.argo_cd.other_hosts import OtherHosts
from tests.argo_cd.playground import Playground
from tests.argo_cd.programs import ArgoCd, install_definitions
from tests.local_cloud.cloud import LocalCloud
from tests.support.ecr import UNCACHED, Ecr, run_ecr


@pytest.fixture(scope="session")
def assets() -> Assets:
    try:
        return Assets.find()
    except FileNotFoundError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


@pytest.fixture(scope="session")
def cloud(assets: Assets, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with LocalCloud(tmp_path_factory.mktemp("local-cloud") / "state") as cloud:
        yield cloud


@pytest.fixture(scope="session")
def ecr(assets: Assets, cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ecr]:
    """ECR with the chart `demo`, at HOST and at several prefixes."""
    directory = tmp_path_factory.mktemp("ecr")
    with run_ecr(cloud, directory) as ecr:
        prefixes = ("team", "shadowed", "bare", "held", UNCACHED, *TEAM_NAMES)
        push_chart(assets, ecr, write_chart(directory, "demo"), "", *(f"/{prefix}" for prefix in prefixes))
        yield ecr


@pytest.fixture(scope="session")
def deployment(cloud: LocalCloud, ecr: Ecr, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """The app with all credentials of `make_credentials`, deployed; nothing is invoked by hand."""
    deployment = Deployment.make(cloud, tmp_path_factory.mktemp("deployment"))
    deployment.set_environment(ecr.environment)
    return deployment


@pytest.fixture(scope="session")
def argo_cds(
    assets: Assets, ecr: Ecr, deployment: Deployment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, ArgoCd]]:
    """Argo CD in each namespace, once the schedule's first run has written its credentials."""
    cluster, directory = deployment.installation.cluster, tmp_path_factory.mktemp("argo-cd")
    install_definitions(assets, cluster)
    make = partial(ArgoCd, assets=assets, cluster=cluster, environment=ecr.environment)
    argo_cds = {name: make(namespace=name, directory=directory / name) for name in NAMESPACES}
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        for argo_cd in argo_cds.values():
            stack.callback(argo_cd.stop)
        list(pool.map(ArgoCd.start, argo_cds.values()))
        deployment.wait_for_the_schedule()
        yield argo_cds


@pytest.fixture(scope="session")
def playground(
    assets: Assets, cloud: LocalCloud, ecr: Ecr, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Playground]:
    playground = Playground.make(assets, cloud, ecr, tmp_path_factory.mktemp("playground") / "argo-cd")
    try:
        playground.argo_cd.start()
        yield playground
    finally:
        playground.argo_cd.stop()


@pytest.fixture(scope="session")
def other_hosts(playground: Playground, ecr: Ecr, tmp_path_factory: pytest.TempPathFactory) -> OtherHosts:
    """The Applications of `playground`."""
    return OtherHosts.create(playground, ecr, tmp_path_factory.mktemp("other-hosts"))
