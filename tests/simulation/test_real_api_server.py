"""A short history against a real API server."""

from uuid import uuid4

from tests.local_cloud.control_plane import ControlPlane
from tests.simulation.drawing import play_steadily
from tests.simulation.history import Event
from tests.simulation.installation import CLUSTERS
from tests.simulation.months import simulate
from tests.simulation.real_api_server import RealApiServer
from tests.simulation.summary import Summary

HISTORY = [
    Event(30, "edit: key added", 0),
    Event(1, "edit: taken over", 0),
    Event(20, "run killed", 0, 2),
    Event(20, "runs overlap", 0, 2),
    Event(30, "API server: unavailable", 0, 40),
    Event(60, "edit: expiry in binaryData", 2),
    Event(30, "ECR: failing", 0, 90),
    Event(10, "edit: Secret deleted", 3),
    Event(10, "CA rotated", 0),
    Event(10, "endpoint moved", 1),
    Event(30, "settings: a label", 0, 60),
    Event(100, "foreign: immutable", 1, 30),
    Event(100, "bad tokens", 0, 12 * 60),
]


def test_a_day_against_a_real_api_server_breaks_no_invariant(control_plane: ControlPlane) -> None:
    """Its three clusters are namespaces of one: each has its own names of objects."""
    servers = {name: RealApiServer(plane=control_plane, suffix=f"-{name}") for name in CLUSTERS}

    def play() -> Summary:
        return simulate(HISTORY, api_servers=lambda _: servers, namespace=f"month-{uuid4().hex[:8]}")

    summary = play_steadily(play)

    assert summary.events.total() == len(HISTORY)
