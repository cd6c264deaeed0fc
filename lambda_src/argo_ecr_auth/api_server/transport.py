"""The kubernetes package's REST client as it is used here: what it trusts and what it retries.

Not its `ApiClient`, which only adds conversions to models: that one imports pydantic, for a quarter of a cold start.
"""

import ssl
from collections.abc import Sequence
from typing import Any, Self

import urllib3
from kubernetes.client.configuration import Configuration
from kubernetes.client.rest import RESTClientObject
from urllib3.exceptions import InvalidHeader, MaxRetryError

from argo_ecr_auth.api_server.trust import make_tls_contexts, use_contexts
from argo_ecr_auth.aws.eks import Address
from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.deadlines import time_is_up

MAX_CONNECTIONS = 16
"""Of one client: as many credentials as a run does at once."""
_MAX_RETRY_AFTER_SECONDS = 3


def make_api_client(address: Address) -> RESTClientObject:
    """A client that trusts only the CAs of this address, retries what may pass, and follows no redirect."""
    try:
        contexts = make_tls_contexts(address.certificate_authority)
    except (ssl.SSLError, ValueError):
        failed = f"the certificate authority of {address.endpoint} cannot be read"
        raise SyncError(failed=failed, why="it is not PEM") from None
    return make_client(Configuration(host=address.endpoint), contexts=contexts)


class _Retry(urllib3.Retry):
    """Stops at the time limit, ignores an unreadable Retry-After, and does not read bodies that it discards."""

    def parse_retry_after(self, retry_after: str) -> float:
        try:
            return super().parse_retry_after(retry_after)
        except (InvalidHeader, ValueError, OverflowError):  # no date, a year past 9999, too many digits
            return 0

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: urllib3.BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: Any = None,
        _stacktrace: Any = None,
    ) -> Self:
        if time_is_up():
            raise MaxRetryError(_pool, str(url), error)
        retry = super().increment(method, url, response, error, _pool, _stacktrace)
        if response is not None:
            response.close()  # urllib3 would read it to its end, however long it is
        return retry


def make_client(configuration: Configuration, *, contexts: Sequence[ssl.SSLContext]) -> RESTClientObject:
    """A client of the configured host that retries what may pass, and follows no redirect."""
    configuration.retries = _Retry(
        total=2,
        other=0,  # a certificate that is refused stays refused
        redirect=0,
        backoff_factor=0.2,
        allowed_methods=None,  # an apply is idempotent
        status_forcelist=[429, 500, 502, 503, 504],
        raise_on_status=False,
        raise_on_redirect=False,
        retry_after_max=_MAX_RETRY_AFTER_SECONDS,
    )
    configuration.connection_pool_maxsize = MAX_CONNECTIONS
    client = RESTClientObject(configuration)
    use_contexts(client.pool_manager, contexts)
    return client
