"""Handlers that pass requests on to a real server, except some."""

from collections.abc import Callable

import urllib3

from tests.servers.server import Answer, Fault, Handler, Request

Upstream = Callable[[Request], Answer]

_CONNECTIONS = 32
_OF_A_CONNECTION = {"Connection", "Content-Length", "Transfer-Encoding", "Keep-Alive"}


def pass_on(
    origin: str, *, ca_pem: str | None = None, client: urllib3.PoolManager | None = None, keep_host: bool = False
) -> Upstream:
    """Pass requests on to this origin, by default over kept connections; a signature of AWS needs the client's Host."""
    client = client or urllib3.PoolManager(maxsize=_CONNECTIONS, ca_cert_data=ca_pem)
    dropped = _OF_A_CONNECTION if keep_host else _OF_A_CONNECTION | {"Host"}

    def handle(request: Request) -> Answer:
        answer = client.request(
            request.method,
            origin + request.path,
            body=request.body,
            headers={name: value for name, value in request.headers.items() if name not in dropped},
            retries=False,
            redirect=False,
            decode_content=False,
        )
        headers = {name.title(): value for name, value in answer.headers.items()}
        kept = {name: value for name, value in headers.items() if name not in _OF_A_CONNECTION}
        return Answer(status=answer.status, headers=kept, body=answer.data)

    return handle


def intercept(upstream: Handler, first: Callable[[Request], Answer | Fault | None]) -> Handler:
    """Pass on the requests for which `first` returns nothing."""
    return lambda request: first(request) or upstream(request)
