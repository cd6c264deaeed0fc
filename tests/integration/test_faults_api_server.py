"""What a run does where a proxy before an API server redirects it."""

from http.server import BaseHTTPRequestHandler

from tests.local_cloud.cloud import Cluster
from tests.support.function import FunctionFactory, make_settings
from tests.support.loopback import https_server, passing_on
from tests.support.objects import encode_base64
from tests.support.results import assert_failed


def test_a_redirect_is_not_followed(cluster: Cluster, namespace: str, make_function: FunctionFactory) -> None:
    """It would carry the bearer token elsewhere."""
    asked: list[str] = []

    def first(request: BaseHTTPRequestHandler) -> bool:
        asked.append(request.path)
        request.send_response(307)
        request.send_header("Location", "/elsewhere")
        request.send_header("Content-Length", "0")
        request.end_headers()
        return True

    with https_server(passing_on(cluster.endpoint, cluster.ca_pem, first=first)) as (url, ca_pem):
        target = {"cluster": "demo", "endpoint": url, "certificate_authority": encode_base64(ca_pem)}
        result = make_function(make_settings({**target, "namespace": namespace})).result()

    assert_failed(result, "(307)")
    assert not [path for path in asked if path == "/elsewhere"]
