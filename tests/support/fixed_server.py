"""An API server at the other end of a given client."""

from kubernetes.client.rest import RESTClientObject

from argo_ecr_auth.api_server.server import Access, ApiServer
from tests.unit.builders import target


class FixedServer(ApiServer):
    """It is asked by this client, without a bearer token of worth."""

    def __init__(self, client: RESTClientObject) -> None:
        super().__init__(target())
        self._client = client

    def open(self) -> Access:
        return Access(client=self._client, bearer="x")
