"""Keeps what a run reads from the clusters, because its results do not hold it."""

from collections.abc import Callable

from argo_ecr_auth.clients.api_client import Connection
from argo_ecr_auth.core.observed import ObservedState
from argo_ecr_auth.core.targets import Credential, Target
from argo_ecr_auth.sync import Reader


class RecordingReader:
    """Reads with another reader and keeps what it reads; calls `done` after each credential."""

    def __init__(self, reads: Reader, *, done: Callable[[], None] = lambda: None) -> None:
        self.observed_states: dict[tuple[str, Credential], ObservedState] = {}
        self._reads = reads
        self._done = done

    def read(self, target: Target, credential: Credential) -> tuple[Connection, ObservedState]:
        """As the other reader. Raises SyncError."""
        try:
            connection, observed = self._reads.read(target, credential)
            self.observed_states[target.name, credential] = observed
            return connection, observed
        finally:
            self._done()
