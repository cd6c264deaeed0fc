"""Fixtures: the real parts behind the fault matrix's proxies, and the cells of a test module's scenario."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import trustme

from tests.integration.fault_matrix.installation import Installation
from tests.integration.fault_matrix.matrix import Cells, open_installations, run_cells, use_configuration
from tests.integration.fault_matrix.page import find_differences
from tests.integration.fault_matrix.promises import find_broken_promises
from tests.integration.fault_matrix.proxy import Proxy
from tests.integration.fault_matrix.site import Site, pass_on_to_registry
from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.support.ecr import run_ecr
from tests.support.function import PERMISSIONS, admit

pytest.register_assert_rewrite("tests.integration.fault_matrix.checks")

FUNCTION = "fault-matrix"
_INSTALLATIONS_OF_A_SECOND_LOOK = 1


@pytest.fixture(scope="package")
def function_role(local_cloud: LocalCloud, cluster: Cluster) -> str:
    role = local_cloud.create_role(FUNCTION, allow=[*PERMISSIONS, "sts:AssumeRole"])
    admit(local_cloud, cluster, role)
    return role


@pytest.fixture(scope="package")
def site(
    local_cloud: LocalCloud, cluster: Cluster, function_role: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    authority = trustme.CA()
    other = local_cloud.create_role(f"{FUNCTION}-other", allow=PERMISSIONS, trusted=function_role)
    admit(local_cloud, cluster, other)
    with (
        run_ecr(local_cloud, tmp_path_factory.mktemp("ecr")) as ecr,
        Proxy(pass_on_to_registry(ecr), authority=authority) as registry,
    ):
        yield Site(
            aws_url=local_cloud.endpoint_url,
            cluster=cluster.name,
            admin=cluster.admin,
            ecr=ecr,
            authority=authority,
            registry=registry.address,
            other_role=other,
        )


@pytest.fixture(scope="package")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fault-matrix")


@pytest.fixture(scope="package")
def installations(
    site: Site, local_cloud: LocalCloud, function_role: str, directory: Path
) -> Iterator[Sequence[Installation]]:
    with open_installations(site, credentials=local_cloud.assume(function_role), directory=directory) as installations:
        yield installations


@pytest.fixture(scope="module")
def cells(request: pytest.FixtureRequest, installations: Sequence[Installation], directory: Path) -> Cells:
    """All cells of the module's SCENARIO.

    A processor that is busy with something else for seconds lets a run reach a time limit where nothing has failed.
    So a cell that is not as it should be runs once more, with none beside it: what is wrong is wrong again.
    """
    scenario = request.module.SCENARIO
    with pytest.MonkeyPatch.context() as environment:
        use_configuration(directory, environment)
        cells = run_cells(installations, scenario)
        broken = {name for name, outcome in cells.items() if find_broken_promises([outcome])}
        again = broken | find_differences(scenario, cells)
        return cells | run_cells(installations[:_INSTALLATIONS_OF_A_SECOND_LOOK], scenario, only=again)
