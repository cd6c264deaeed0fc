"""Fixtures: one real API server, whose namespaces are the simulated clusters."""

from collections.abc import Iterator

import pytest

from tests.local_cloud.control_plane import ControlPlane
from tests.simulation.cluster import USERS


@pytest.fixture(scope="package")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with ControlPlane(tmp_path_factory.mktemp("control-plane"), users=USERS) as plane:
        yield plane
