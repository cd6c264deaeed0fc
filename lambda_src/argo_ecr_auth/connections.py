"""The connections to the targets' API servers: shared by a run's credentials, kept while the environment is warm."""

from collections.abc import Callable
from dataclasses import dataclass, field

from kubernetes.client.api_client import ApiClient

from argo_ecr_auth.clients.api_client import Connection, make_api_client
from argo_ecr_auth.clients.cluster import read_object
from argo_ecr_auth.clients.eks import Address, describe_cluster
from argo_ecr_auth.clients.eks_token import sign_bearer_token
from argo_ecr_auth.clients.sessions import Sessions
from argo_ecr_auth.core.errors import AddressError
from argo_ecr_auth.core.observed import ObservedState
from argo_ecr_auth.core.targets import Credential, Target
from argo_ecr_auth.single_flight import SingleFlight


@dataclass(frozen=True, kw_only=True)
class WarmCache:
    """What an environment keeps between runs: AWS clients, and each target's address with the client for it."""

    sessions: Sessions
    clusters: dict[str, tuple[Address, ApiClient]] = field(default_factory=dict)
    make_api_client: Callable[[Address], ApiClient] = make_api_client


class Connections:
    """One run's connections: a target's address is requested, and its bearer token signed, at most once."""

    def __init__(self, cache: WarmCache) -> None:
        self._cache = cache
        # From earlier runs. What a thread of this run learns is not old for the threads that come later.
        self._known = dict(cache.clusters)
        self._connections: SingleFlight[tuple[str, bool], Connection] = SingleFlight()
        self._unreachable: dict[str, str] = {}

    def read(self, target: Target, credential: Credential) -> tuple[Connection, ObservedState]:
        """What the cluster holds of the credential, and the connection that it was read over. Raises SyncError.

        An API server that was not reached is not tried again in this run: its other credentials would wait in vain,
        and keep those of other targets waiting.
        """
        if target.name in self._unreachable:
            raise AddressError(self._unreachable[target.name])
        try:
            return self._read(target, credential)
        except AddressError as error:
            self._unreachable[target.name] = str(error)
            raise

    def connection(self, target: Target) -> Connection:
        """The connection to the target's cluster, at the address that an earlier run knows. Raises SyncError."""
        known = self._known.get(target.name)
        return self._connections.run((target.name, False), lambda: self._connect(target, known))

    def _read(self, target: Target, credential: Credential) -> tuple[Connection, ObservedState]:
        known = self._known.get(target.name)
        connection = self.connection(target)
        try:
            return connection, read_credential(connection, credential)
        except AddressError:
            if known is None or target.endpoint is not None:
                raise
            # The address is an earlier run's: since then the authority may have been rotated, the endpoint moved.
            connection = self._connections.run((target.name, True), lambda: self._connect(target, None))
            if self._cache.clusters[target.name][0] == known[0]:
                raise
        return connection, read_credential(connection, credential)

    def _connect(self, target: Target, known: tuple[Address, ApiClient] | None) -> Connection:
        # First, so that an error of STS is not reported as EKS's.
        credentials = self._cache.sessions.credentials(target.role)
        if known is None:
            address = self._find_address(target)
            known = self._cache.clusters[target.name] = address, self._cache.make_api_client(address)
        return Connection(
            target=target.name,
            cluster=target.cluster,
            region=target.region,
            api=known[1],
            bearer=sign_bearer_token(credentials=credentials, cluster=target.cluster, region=target.region),
            caller=self._cache.sessions.caller,
            role=target.role,
        )

    def _find_address(self, target: Target) -> Address:
        if target.endpoint is not None and target.certificate_authority is not None:
            return Address(endpoint=target.endpoint, certificate_authority=target.certificate_authority)
        sessions = self._cache.sessions
        client = sessions.client("eks", region=target.region, role=target.role)
        return describe_cluster(
            client, cluster=target.cluster, region=target.region, role=target.role, caller=sessions.caller
        )


def read_credential(connection: Connection, credential: Credential) -> ObservedState:
    """Both objects of a credential. Raises SyncError."""
    namespace, name = credential.namespace, credential.secret_name
    return ObservedState(
        secret=read_object(connection, kind="Secret", namespace=namespace, name=name),
        config_map=read_object(connection, kind="ConfigMap", namespace=namespace, name=name),
    )
