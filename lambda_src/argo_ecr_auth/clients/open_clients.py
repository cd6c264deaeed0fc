"""The API servers' clients that keep their connections open: as many as a run may need, and no more."""

import threading
from collections.abc import Callable

from kubernetes.client.rest import RESTClientObject

from argo_ecr_auth.clients.api_client import make_api_client
from argo_ecr_auth.clients.eks import Address
from argo_ecr_auth.core.events import MAX_TARGETS


class OpenClients:
    """One client per target and address. Past the limit, the one that was unused for longest is closed.

    A warm environment meets all targets in time. It may open 1,024 files (AWS Lambda Developer Guide, Lambda quotas),
    and each client with its connection takes 50 KB.
    """

    def __init__(self, *, limit: int = MAX_TARGETS) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, Address], RESTClientObject] = {}

    def open(
        self, target: str, address: Address, *, make: Callable[[Address], RESTClientObject] = make_api_client
    ) -> RESTClientObject:
        """The client for the target at this address. Raises SyncError where the authority cannot be read."""
        with self._lock:
            client = self._clients.pop((target, address), None) or make(address)
            self._clients[target, address] = client
            while len(self._clients) > self._limit:
                unused = self._clients.pop(next(iter(self._clients)))
                # A request that is under way ends first: it has its pool of connections.
                unused.pool_manager.clear()
        return client
