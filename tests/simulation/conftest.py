"""Fixtures: API servers, in memory and real."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from tests.local_cloud.control_plane import ControlPlane
from tests.simulation.api_server import ApiServer, MemoryApiServer
from tests.simulation.namespace import Namespace
from tests.simulation.real_api_server import RealApiServer

USERS = {"member": ("member", ["argo-ecr-auth"]), "stranger": ("stranger", [])}


@pytest.fixture(scope="package")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with ControlPlane(tmp_path_factory.mktemp("control-plane"), users=USERS) as plane:
        yield plane


@pytest.fixture(params=["in memory", "real"])
def api_server(request: pytest.FixtureRequest) -> ApiServer:
    """Each test runs against both."""
    if request.param == "in memory":
        return MemoryApiServer(users=USERS, now=lambda: datetime.now(UTC))
    return RealApiServer(plane=request.getfixturevalue("control_plane"))


@pytest.fixture
def namespace(api_server: ApiServer) -> Namespace:
    name = f"n-{uuid4().hex[:8]}"
    assert api_server.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})[0] == 201
    return Namespace(server=api_server, name=name)
