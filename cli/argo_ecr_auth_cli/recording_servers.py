"""Keeps what a run reads from the clusters, because its results do not hold it."""

from collections.abc import Callable

from argo_ecr_auth.api_server.server import Access, ApiServer
from argo_ecr_auth.core.observed import ObservedState
from argo_ecr_auth.core.targets import Credential, Target
from argo_ecr_auth.credential import ApiServers


class RecordingServers:
    """API servers of which what is read is kept; `done` is called after each credential."""

    def __init__(self, servers: ApiServers, *, done: Callable[[], None] = lambda: None) -> None:
        self.observed_states: dict[tuple[str, Credential], ObservedState] = {}
        self.done = done
        self._servers = servers

    def to(self, target: Target) -> ApiServer:
        """The target's API server. Raises SyncError."""
        try:
            server = self._servers.to(target)
        except BaseException:
            self.done()
            raise
        return _RecordingServer(server, recorder=self)


class _RecordingServer(ApiServer):
    def __init__(self, server: ApiServer, *, recorder: RecordingServers) -> None:
        super().__init__(server.target)
        self._server = server
        self._recorder = recorder

    def open(self) -> Access:
        return self._server.open()

    def read(self, credential: Credential) -> ObservedState:
        try:
            observed = self._server.read(credential)
            self._recorder.observed_states[self.target.name, credential] = observed
            return observed
        finally:
            self._recorder.done()
