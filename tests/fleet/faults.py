"""Makes a tenth of a fleet's clusters faulty."""

import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from tests.fleet.fleet import Fleet
from tests.local_cloud.cloud import Cluster
from tests.servers.server import Request, Server
from tests.servers.upstream import intercept, pass_on
from tests.support.function import GROUP
from tests.support.objects import encode_base64

DEAD, SILENT, SLOW, REFUSING = "dead", "silent", "slow", "refusing"
KINDS = (DEAD, SILENT, SLOW, REFUSING)
EVERY = 10
_SECONDS_OF_SLOW = 1


@dataclass(frozen=True, kw_only=True)
class FaultyFleet:
    """A fleet, and how some of its targets are faulty, by name."""

    fleet: Fleet
    faults: Mapping[str, str]

    @property
    def lost(self) -> set[str]:
        """The targets that no run can read; a slow one can be."""
        return {name for name, kind in self.faults.items() if kind != SLOW}


@contextmanager
def make_faulty(fleet: Fleet) -> Iterator[FaultyFleet]:
    """Every tenth target's API server refuses connections, accepts them and is silent, is slow, or answers 403."""
    faults = {name: KINDS[i % len(KINDS)] for i, name in enumerate(fleet.names[::EVERY])}
    clusters = {cluster.name: cluster for cluster in fleet.clusters}
    with ExitStack() as stack:
        listening, closed = (stack.enter_context(socket.socket()) for _ in range(2))
        for listener in (listening, closed):
            listener.bind(("127.0.0.1", 0))
        listening.listen(1024)  # nobody accepts: as an API server that is stopped
        ports = {SILENT: listening.getsockname()[1], DEAD: closed.getsockname()[1]}
        proxies = {name: stack.enter_context(_delay(cluster)) for name, cluster in clusters.items()}
        written = []
        for target in fleet.written:
            kind, cluster = faults.get(target["name"]), clusters[target["cluster"]]
            place = {"endpoint": cluster.endpoint, "certificate_authority": encode_base64(cluster.ca_pem)}
            if kind in ports:
                place["endpoint"] = f"https://127.0.0.1:{ports[kind]}"
            elif kind == SLOW:
                proxy = proxies[cluster.name]
                place = {"endpoint": proxy.url, "certificate_authority": encode_base64(proxy.ca_pem)}
            elif kind == REFUSING:
                _take_permissions(cluster, namespace=target["namespace"])
            written.append({**target, **(place if kind else {})})
        yield FaultyFleet(fleet=replace(fleet, written=written), faults=faults)


def _delay(cluster: Cluster) -> Server:
    """A proxy before the API server that passes each request on a little later."""

    def wait(_: Request) -> None:
        time.sleep(_SECONDS_OF_SLOW)

    return Server(intercept(pass_on(cluster.endpoint, ca_pem=cluster.ca_pem), wait))


def _take_permissions(cluster: Cluster, *, namespace: str) -> None:
    path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings/{GROUP}"
    status, answer = cluster.admin.request("DELETE", path)
    if status != 200:
        raise RuntimeError(f"cannot delete {path}: {status} {answer}")
