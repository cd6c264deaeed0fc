"""The way to each target's API server, shared by its credentials in a run, and kept while the environment is warm."""

from dataclasses import dataclass, field

from kubernetes.client.api_client import ApiClient

from argo_ecr_auth.clients.cluster import FUNCTION, Connection, make_api_client, read_object
from argo_ecr_auth.clients.eks import Address, describe_cluster
from argo_ecr_auth.clients.eks_token import sign_bearer_token
from argo_ecr_auth.clients.sessions import Sessions
from argo_ecr_auth.core.errors import AddressError
from argo_ecr_auth.core.observed import ObservedState
from argo_ecr_auth.core.targets import Credential, Target
from argo_ecr_auth.single_flight import SingleFlight


@dataclass(frozen=True, kw_only=True)
class WarmCache:
    """What an environment keeps between runs: AWS clients, and by target its address with the client for it."""

    sessions: Sessions
    caller: str = FUNCTION  # as messages name who asks
    clusters: dict[str, tuple[Address, ApiClient]] = field(default_factory=dict)


class Connections:
    """One run's connections: each target's address asked for, and its bearer token signed, once at most."""

    def __init__(self, cache: WarmCache) -> None:
        self._warm = cache
        # From earlier runs: what this one learns must not be taken for old by those of its threads that come later.
        self._known = dict(cache.clusters)
        self._connections: SingleFlight[tuple[str, bool], Connection] = SingleFlight()

    def read(self, target: Target, credential: Credential) -> tuple[Connection, ObservedState]:
        """What the cluster holds of the credential, and the connection that it was read over. Raises SyncError."""
        known = self._known.get(target.name)
        connection = self.connection(target)
        try:
            return connection, read_credential(connection, credential)
        except AddressError:
            if known is None or target.endpoint is not None:
                raise
            # The address is of an earlier run: the authority may have been rotated, the endpoint moved since.
            connection = self._connections.get((target.name, True), lambda: self._connect(target, None))
            if self._warm.clusters[target.name][0] == known[0]:
                raise
        return connection, read_credential(connection, credential)

    def connection(self, target: Target) -> Connection:
        """The way to the target's cluster, from what an earlier run knows of it. Raises SyncError."""
        known = self._known.get(target.name)
        return self._connections.get((target.name, False), lambda: self._connect(target, known))

    def _connect(self, target: Target, known: tuple[Address, ApiClient] | None) -> Connection:
        # First, so that what STS refuses or does not answer is not told as EKS's.
        credentials = self._warm.sessions.credentials(target.role)
        if known is None:
            address = self._address(target)
            known = self._warm.clusters[target.name] = address, make_api_client(address)
        return Connection(
            target=target.name,
            cluster=target.cluster,
            region=target.region,
            api=known[1],
            bearer=sign_bearer_token(credentials=credentials, cluster=target.cluster, region=target.region),
            caller=self._warm.caller,
            role=target.role,
        )

    def _address(self, target: Target) -> Address:
        if target.endpoint is not None and target.certificate_authority is not None:
            return Address(endpoint=target.endpoint, certificate_authority=target.certificate_authority)
        eks = self._warm.sessions.client("eks", region=target.region, role=target.role)
        return describe_cluster(eks, cluster=target.cluster, region=target.region, role=target.role)


def read_credential(connection: Connection, credential: Credential) -> ObservedState:
    """Both objects of a credential. Raises SyncError."""
    namespace, name = credential.namespace, credential.secret_name
    return ObservedState(
        secret=read_object(connection, kind="Secret", namespace=namespace, name=name),
        config_map=read_object(connection, kind="ConfigMap", namespace=namespace, name=name),
    )
