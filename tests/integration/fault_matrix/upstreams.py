"""What stands behind the proxies: emulated AWS, a real API server, and a registry that judges tokens."""

import json
from typing import Any

import urllib3

from tests.integration.fault_matrix.proxy import Request, Upstream
from tests.integration.fault_matrix.ways import Answer
from tests.local_cloud.kube_api import KubeApi
from tests.support.ecr import Ecr
from tests.support.function import REGISTRY
from tests.support.loopback import encode_base64

_CONNECTIONS = 32
_OF_A_CONNECTION = {"connection", "content-length", "transfer-encoding", "keep-alive"}


def pass_on_to_aws(endpoint_url: str) -> Upstream:
    """To the emulator."""
    return _pass_on(urllib3.PoolManager(maxsize=_CONNECTIONS), endpoint_url)


def pass_on_to_api_server(admin: KubeApi) -> Upstream:
    """To a real API server, with the caller's own bearer token."""
    return _pass_on(urllib3.PoolManager(maxsize=_CONNECTIONS, ca_cert_data=admin.ca_pem), admin.endpoint)


def pass_on_to_registry(ecr: Ecr) -> Upstream:
    """To the registry, which is found through its own proxy."""
    client = urllib3.ProxyManager(ecr.proxy, maxsize=_CONNECTIONS, ca_certs=str(ecr.authority))
    return _pass_on(client, f"https://{REGISTRY}", keep_host=False)


def announce(upstream: Upstream, *, endpoint: str, ca_pem: str) -> Upstream:
    """Let DescribeCluster answer with another endpoint and authority."""

    def answer(request: Request) -> Answer:
        given = upstream(request)
        described: dict[str, Any] = json.loads(given.body)
        described["cluster"] |= {"endpoint": endpoint, "certificateAuthority": {"data": encode_base64(ca_pem)}}
        return Answer(status=given.status, headers=given.headers, body=json.dumps(described).encode())

    return answer


def _pass_on(client: urllib3.PoolManager, origin: str, *, keep_host: bool = True) -> Upstream:
    dropped = _OF_A_CONNECTION | (set() if keep_host else {"host"})

    def answer(request: Request) -> Answer:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in dropped}
        given = client.request(
            request.method,
            origin + request.path,
            body=request.body,
            headers=headers,
            retries=False,
            redirect=False,
            decode_content=False,
        )
        kept = {name.title(): value for name, value in given.headers.items() if name.lower() not in _OF_A_CONNECTION}
        return Answer(status=given.status, headers=kept, body=given.data)

    return answer
