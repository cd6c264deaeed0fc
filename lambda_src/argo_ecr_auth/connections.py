"""The connections to the targets' API servers: shared by a run's credentials, kept while the environment is warm."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from kubernetes.client.rest import RESTClientObject

from argo_ecr_auth.clients.api_client import MAX_CONNECTIONS, Connection, make_api_client
from argo_ecr_auth.clients.cluster import read_object
from argo_ecr_auth.clients.eks import Address, describe_cluster
from argo_ecr_auth.clients.eks_token import BearerTokens
from argo_ecr_auth.clients.open_clients import OpenClients
from argo_ecr_auth.clients.sessions import Sessions
from argo_ecr_auth.core.errors import AddressError
from argo_ecr_auth.core.observed import ObservedState
from argo_ecr_auth.core.targets import Credential, Target
from argo_ecr_auth.single_flight import SingleFlight


@dataclass(frozen=True, kw_only=True)
class WarmCache:
    """What an environment keeps between runs: clients of AWS and of API servers, addresses, bearer tokens, threads."""

    sessions: Sessions
    addresses: dict[str, Address] = field(default_factory=dict)
    bearers: BearerTokens = field(default_factory=BearerTokens)
    clients: OpenClients = field(default_factory=OpenClients)
    make_api_client: Callable[[Address], RESTClientObject] = make_api_client
    idle_pools: list[ThreadPoolExecutor] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class _Way:
    address: Address
    bearer: str = field(repr=False)


class Connections:
    """One run's connections: a target's address is requested at most once."""

    def __init__(self, cache: WarmCache) -> None:
        self._cache = cache
        # From earlier runs. What a thread of this run learns is not old for the threads that come later.
        self._known = dict(cache.addresses)
        self._ways: SingleFlight[tuple[str, bool], _Way] = SingleFlight()
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
        return self._connect(target, self._ways.run((target.name, False), lambda: self._find_way(target, known)))

    def _read(self, target: Target, credential: Credential) -> tuple[Connection, ObservedState]:
        known = self._known.get(target.name)
        connection = self.connection(target)
        try:
            return connection, read_credential(connection, credential)
        except AddressError:
            if known is None or target.endpoint is not None:
                raise
            # The address is an earlier run's: since then the authority may have been rotated, the endpoint moved.
            way = self._ways.run((target.name, True), lambda: self._find_way(target, None))
            if way.address == known:
                raise
        connection = self._connect(target, way)
        return connection, read_credential(connection, credential)

    def _connect(self, target: Target, way: _Way) -> Connection:
        return Connection(
            target=target.name,
            cluster=target.cluster,
            region=target.region,
            api=self._open_client(target, way.address),
            bearer=way.bearer,
            caller=self._cache.sessions.caller,
            role=target.role,
        )

    def _find_way(self, target: Target, known: Address | None) -> _Way:
        credentials = self._cache.sessions.as_role(target.role).credentials()
        address = known or self._find_address(target)
        self._open_client(target, address)  # an address that serves no client is not kept
        self._cache.addresses[target.name] = address
        bearer = self._cache.bearers.get(
            target.name, credentials=credentials, cluster=target.cluster, region=target.region
        )
        return _Way(address=address, bearer=bearer)

    def _open_client(self, target: Target, address: Address) -> RESTClientObject:
        connections = min(MAX_CONNECTIONS, len(target.credentials))
        make = self._cache.make_api_client
        return self._cache.clients.open(target.name, address, connections=connections, make=make)

    def _find_address(self, target: Target) -> Address:
        if target.endpoint is not None and target.certificate_authority is not None:
            return Address(endpoint=target.endpoint, certificate_authority=target.certificate_authority)
        principal = self._cache.sessions.as_role(target.role)
        return describe_cluster(principal, cluster=target.cluster, region=target.region)


def read_credential(connection: Connection, credential: Credential) -> ObservedState:
    """Both objects of a credential. Raises SyncError."""
    namespace, name = credential.namespace, credential.secret_name
    return ObservedState(
        secret=read_object(connection, kind="Secret", namespace=namespace, name=name),
        config_map=read_object(connection, kind="ConfigMap", namespace=namespace, name=name),
    )
