"""The API servers' clients that keep their connections open, as many as a process can afford."""

import threading
from collections.abc import Callable

from kubernetes.client.rest import RESTClientObject

from argo_ecr_auth.api_server.transport import make_api_client
from argo_ecr_auth.aws.eks import Address

_LIMIT = 100
"""Connections. Each takes 40 to 80 KB, and to open one again costs about two checks. macOS gives a process 256 files,
Lambda 1,024 (AWS Lambda Developer Guide, quotas)."""


class ClientPool:
    """One client per target and address. Past the limit of connections, what was unused for longest is closed."""

    def __init__(self, *, limit: int = _LIMIT) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, Address], tuple[RESTClientObject, int]] = {}

    def open(
        self,
        target: str,
        address: Address,
        *,
        connections: int = 1,
        make: Callable[[Address], RESTClientObject] = make_api_client,
    ) -> RESTClientObject:
        """The client for the target at this address, which may keep so many connections.

        Raises SyncError where the address's authority cannot be read.
        """
        key = target, address
        with self._lock:
            found = self._clients.pop(key, None)
            client = found[0] if found else make(address)
            self._clients[key] = client, connections
            while len(self._clients) > 1 and sum(count for _, count in self._clients.values()) > self._limit:
                unused, _ = self._clients.pop(next(iter(self._clients)))
                # A request that is under way ends first: it holds its own connection.
                unused.pool_manager.clear()
        return client
