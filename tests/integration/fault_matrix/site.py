"""What all installations share: emulated AWS, an API server, a registry, and the authority of their proxies."""

import json
from dataclasses import dataclass, replace
from typing import Any

import trustme
import urllib3

from tests.integration.fault_matrix.scenarios import Service
from tests.local_cloud.environment import REGION
from tests.local_cloud.kube_api import KubeApi
from tests.local_cloud.registry import LoopbackAddress
from tests.servers.server import Answer, Request
from tests.servers.upstream import Upstream, pass_on
from tests.support.ecr import Ecr
from tests.support.function import REGISTRY
from tests.support.objects import encode_base64

_CONNECTIONS = 32
NEIGHBORS_REGISTRY = REGISTRY.replace(REGION, "us-west-2")


@dataclass(frozen=True, kw_only=True)
class Site:
    """The real parts behind the proxies. Both roles may do all that a function needs."""

    aws_url: str
    cluster: str
    admin: KubeApi
    ecr: Ecr
    authority: trustme.CA
    registry: LoopbackAddress  # for the neighbors, without faults
    other_role: str

    @property
    def ca_pem(self) -> str:
        return self.authority.cert_pem.bytes().decode()

    def accepts(self, password: str) -> bool:
        """Whether the registry accepts the password."""
        return self.ecr.find_refusal(f"Basic {encode_base64(f'AWS:{password}')}") is None

    def make_upstreams(self) -> dict[Service, Upstream]:
        aws = pass_on(self.aws_url, keep_host=True)  # signatures contain it
        return {
            Service.API_SERVER: pass_on(self.admin.endpoint, ca_pem=self.admin.ca_pem),
            Service.REGISTRY: pass_on_to_registry(self.ecr),
            **dict.fromkeys((Service.STS, Service.EKS, Service.ECR), aws),
        }


def pass_on_to_registry(ecr: Ecr) -> Upstream:
    """To the registry, which is found through its own proxy."""
    client = urllib3.ProxyManager(ecr.proxy, maxsize=_CONNECTIONS, ca_certs=str(ecr.authority))
    return pass_on(f"https://{REGISTRY}", client=client)


def announce(upstream: Upstream, *, endpoint: str, ca_pem: str) -> Upstream:
    """Let DescribeCluster answer with another endpoint and authority."""

    def answer(request: Request) -> Answer:
        described = upstream(request)
        body: dict[str, Any] = json.loads(described.body)
        body["cluster"] |= {"endpoint": endpoint, "certificateAuthority": {"data": encode_base64(ca_pem)}}
        return replace(described, body=json.dumps(body).encode())

    return answer
