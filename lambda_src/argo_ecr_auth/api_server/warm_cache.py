"""What an environment keeps between runs."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from kubernetes.client.rest import RESTClientObject

from argo_ecr_auth.api_server.pool import ClientPool
from argo_ecr_auth.api_server.transport import make_api_client
from argo_ecr_auth.aws.eks import Address
from argo_ecr_auth.aws.eks_token import Bearer
from argo_ecr_auth.aws.sessions import Sessions


@dataclass(frozen=True, kw_only=True)
class WarmCache:
    """Sessions of AWS, threads, and by the target's name where its API server is and with which token it was asked."""

    sessions: Sessions
    addresses: dict[str, Address] = field(default_factory=dict)
    bearers: dict[str, Bearer] = field(default_factory=dict)
    clients: ClientPool = field(default_factory=ClientPool)
    make_api_client: Callable[[Address], RESTClientObject] = make_api_client
    idle_pools: list[ThreadPoolExecutor] = field(default_factory=list)
