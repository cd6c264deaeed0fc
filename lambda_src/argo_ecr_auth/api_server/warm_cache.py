"""What an environment keeps between runs."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from kubernetes.client.rest import RESTClientObject

from argo_ecr_auth.api_server.transport import make_api_client
from argo_ecr_auth.aws.eks import Address
from argo_ecr_auth.aws.eks_token import Bearer
from argo_ecr_auth.aws.sessions import Sessions

_MAX_CONNECTIONS = 100
"""Connections. Each takes 40 to 80 KB, and to open one again costs about two checks. macOS gives a process 256 files,
Lambda 1,024 (AWS Lambda Developer Guide, quotas)."""


class ClientPool:
    """One client per target and address. Past the limit of connections, what was unused for longest is closed."""

    def __init__(
        self, *, limit: int = _MAX_CONNECTIONS, make: Callable[[Address], RESTClientObject] = make_api_client
    ) -> None:
        self._limit = limit
        self._make = make
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, Address], tuple[RESTClientObject, int]] = {}

    def open(self, target: str, address: Address, *, connections: int = 1) -> RESTClientObject:
        """The client for the target at this address, which may keep so many connections.

        Raises SyncError where the address's authority cannot be read.
        """
        key = target, address
        with self._lock:
            found = self._clients.pop(key, None)
            client = found[0] if found else self._make(address)
            self._clients[key] = client, connections
            while len(self._clients) > 1 and sum(count for _, count in self._clients.values()) > self._limit:
                unused, _ = self._clients.pop(next(iter(self._clients)))
                # A request that is under way ends first: it holds its own connection.
                unused.pool_manager.clear()
        return client


@dataclass(frozen=True, kw_only=True)
class WarmCache:
    """AWS sessions, threads, and each target's API server: its address and the bearer token it was called with."""

    sessions: Sessions
    addresses: dict[str, Address] = field(default_factory=dict)
    bearers: dict[str, Bearer] = field(default_factory=dict)
    clients: ClientPool = field(default_factory=ClientPool)
    idle_pools: list[ThreadPoolExecutor] = field(default_factory=list)
