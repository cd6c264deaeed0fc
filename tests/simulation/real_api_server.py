"""A real API server where the simulation expects one of its own."""

from dataclasses import dataclass, replace
from typing import Any

from tests.local_cloud.control_plane import ControlPlane
from tests.simulation.api_server import ADMIN


@dataclass(frozen=True, kw_only=True)
class RealApiServer:
    """kube-apiserver, with the same tokens as the one in memory."""

    plane: ControlPlane

    def request(
        self, method: str, path: str, body: object = None, *, content_type: str = "application/json", token: str = ADMIN
    ) -> tuple[int, Any]:
        """Its own answer."""
        client = self.plane.admin if token == ADMIN else replace(self.plane.admin, token=token)
        return client.request(method, path, body, content_type=content_type)
