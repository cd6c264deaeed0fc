"""What the lanes share: emulated AWS, an API server, a registry, and the authority of all proxies."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

import trustme
import urllib3

from tests.integration.fault_matrix.proxy import Proxy
from tests.local_cloud.environment import REGION
from tests.local_cloud.kube_api import KubeApi
from tests.local_cloud.registry import LoopbackAddress
from tests.support.ecr import Ecr
from tests.support.function import REGISTRY

_CONNECTIONS = 32
NEIGHBOURS_REGISTRY = REGISTRY.replace(REGION, "us-west-2")


@dataclass(frozen=True, kw_only=True)
class Site:
    """The real parts behind the proxies. Both roles may do all that a function needs."""

    aws_url: str
    cluster: str
    admin: KubeApi
    ecr: Ecr
    authority: trustme.CA
    registry: LoopbackAddress  # for the neighbours, without faults
    other_role: str

    @property
    def ca_pem(self) -> str:
        return _format_pem(self.authority)

    def lets_in(self, password: str) -> bool:
        """Whether the registry lets the password in."""
        basic = base64.b64encode(f"AWS:{password}".encode()).decode()
        return self.ecr.find_refusal(f"Basic {basic}") is None


def find_registry(proxy: Proxy, authority: trustme.CA) -> LoopbackAddress:
    """A registry's address where this proxy stands before it."""
    return LoopbackAddress(port=proxy.port, ca_pem=_format_pem(authority), certificate_for="127.0.0.1")


def _format_pem(authority: trustme.CA) -> str:
    return authority.cert_pem.bytes().decode()


@dataclass(frozen=True, kw_only=True)
class _KeptKubeApi(KubeApi):
    """A client that keeps its connections: each cell asks about ten times."""

    pool: urllib3.PoolManager = field(repr=False)

    def request(
        self, method: str, path: str, body: object = None, *, content_type: str = "application/json"
    ) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": content_type}
        text = None if body is None else json.dumps(body)
        answer = self.pool.request(method, self.endpoint + path, body=text, headers=headers, retries=False)
        return answer.status, answer.json()


def keep_alive(admin: KubeApi) -> KubeApi:
    """The same client with kept connections, for many threads."""
    pool = urllib3.PoolManager(maxsize=_CONNECTIONS, ca_cert_data=admin.ca_pem)
    return _KeptKubeApi(endpoint=admin.endpoint, ca_pem=admin.ca_pem, token=admin.token, pool=pool)
