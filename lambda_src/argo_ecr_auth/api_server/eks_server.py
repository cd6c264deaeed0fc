"""API servers that EKS leads to: their addresses from DescribeCluster, bearer tokens from presigned requests to STS."""

import threading
import time

from argo_ecr_auth.api_server.server import Access, ApiServer
from argo_ecr_auth.api_server.transport import MAX_CONNECTIONS
from argo_ecr_auth.api_server.warm_cache import WarmCache
from argo_ecr_auth.aws.eks import Address, describe_cluster
from argo_ecr_auth.aws.eks_token import renew_bearer
from argo_ecr_auth.core.errors import AddressError, SyncError
from argo_ecr_auth.core.observed import ObservedState
from argo_ecr_auth.core.targets import Credential, Target


class EksApiServers:
    """One run's API servers. Each is asked for by many threads, and its address is requested at most once."""

    def __init__(self, cache: WarmCache) -> None:
        self._cache = cache
        self._lock = threading.Lock()
        self._servers: dict[str, EksApiServer] = {}

    def to(self, target: Target) -> ApiServer:
        """The target's API server."""
        with self._lock:
            if target.name not in self._servers:
                self._servers[target.name] = EksApiServer(target, cache=self._cache)
            return self._servers[target.name]


class EksApiServer(ApiServer):
    """One run's API server of a target.

    One that was not reached is not tried again in the run: its other credentials would wait in vain, and keep those of
    other targets waiting.
    """

    def __init__(self, target: Target, *, cache: WarmCache) -> None:
        super().__init__(target)
        self._cache = cache
        self._lock = threading.Lock()
        self._access: Access | None = None
        self._failure: SyncError | None = None
        self._earlier = cache.addresses.get(target.name)  # from an earlier run, and not asked for again in this one

    def open(self) -> Access:
        """Access at the address that an earlier run knows, else at the one that EKS tells. Raises SyncError."""
        with self._lock:
            if self._failure is not None:
                raise self._failure
            if self._access is None:
                self._access = self._connect(self._earlier)
            return self._access

    def reopen(self, used: Access) -> Access | None:
        """Access at the address that EKS tells now: since the earlier run the authority may have been rotated."""
        with self._lock:
            if self._access is not used:
                return self._access
            earlier, self._earlier = self._earlier, None
            if earlier is None or self.target.endpoint is not None:
                return None
            self._access = self._connect(None)
            return self._access if self._cache.addresses[self.target.name] != earlier else None

    def read(self, credential: Credential) -> ObservedState:
        """Both objects of a credential. Raises SyncError."""
        try:
            return super().read(credential)
        except AddressError as error:
            self._failure = error
            raise

    def _connect(self, address: Address | None) -> Access:
        target, cache = self.target, self._cache
        try:
            credentials = cache.sessions.credentials()
            address = address or self._find_address()
            connections = min(MAX_CONNECTIONS, len(target.credentials))
            # An address that serves no client is not kept.
            client = cache.clients.open(target.name, address, connections=connections)
        except SyncError as error:
            self._failure = error
            raise
        cache.addresses[target.name] = address
        bearer = renew_bearer(
            cache.bearers.get(target.name),
            credentials=credentials,
            cluster=target.cluster,
            region=target.region,
            now=time.time(),
        )
        cache.bearers[target.name] = bearer
        return Access(client=client, bearer=bearer.token)

    def _find_address(self) -> Address:
        target = self.target
        if target.endpoint is not None and target.certificate_authority is not None:
            return Address(endpoint=target.endpoint, certificate_authority=target.certificate_authority)
        # The only request under the target's role: an access entry may name a principal of another account (Amazon EKS
        # User Guide, Create access entries).
        principal = self._cache.sessions.as_role(target.role)
        return describe_cluster(principal, cluster=target.cluster, region=target.region)
