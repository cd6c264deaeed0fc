"""A real API server where the simulation expects one of its own."""

import json
from dataclasses import dataclass, field
from typing import Any

import urllib3

from tests.local_cloud.control_plane import ControlPlane
from tests.simulation.api_server import ADMIN


@dataclass(frozen=True, kw_only=True)
class RealApiServer:
    """kube-apiserver, with the same tokens as the one in memory.

    Several of them may share one process: `suffix` keeps their namespaces apart.
    """

    plane: ControlPlane
    suffix: str = ""
    _http: urllib3.PoolManager = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # One connection for many requests, unlike KubeApi's.
        object.__setattr__(self, "_http", urllib3.PoolManager(ca_cert_data=self.plane.ca_pem))

    def request(
        self, method: str, path: str, body: object = None, *, content_type: str = "application/json", token: str = ADMIN
    ) -> tuple[int, Any]:
        """Its own answer."""
        namespace = path.partition("/namespaces/")[2].partition("/")[0]
        if not namespace and isinstance(body, dict):
            namespace = body["metadata"]["name"]
        apart = f"{namespace}{self.suffix}"
        response = self._http.request(
            method,
            self.plane.endpoint + path.replace(f"/{namespace}/", f"/{apart}/"),
            headers={
                "Authorization": f"Bearer {self.plane.admin_token if token == ADMIN else token}",
                "Content-Type": content_type,
            },
            body=None if body is None else json.dumps(body).replace(f'"{namespace}"', f'"{apart}"').encode(),
        )
        return response.status, json.loads(response.data.decode().replace(apart, namespace))
