"""What a run read, beside what it says of it."""

from collections.abc import Callable

from argo_ecr_auth.clients.cluster import Connection
from argo_ecr_auth.core.observed import Reading
from argo_ecr_auth.core.targets import Credential, Target
from argo_ecr_auth.sync import Reads


class Watched:
    """Reads as the connections do, and keeps what was read, for what no result says."""

    def __init__(self, reads: Reads, *, done: Callable[[], None] = lambda: None) -> None:
        self.readings: dict[tuple[str, Credential], Reading] = {}
        self._reads = reads
        self._done = done

    def read(self, target: Target, credential: Credential) -> tuple[Connection, Reading]:
        """As the connections. Raises SyncError."""
        try:
            connection, reading = self._reads.read(target, credential)
            self.readings[target.name, credential] = reading
            return connection, reading
        finally:
            self._done()
