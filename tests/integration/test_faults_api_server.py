"""What a run does where a proxy before an API server redirects it."""

from tests.servers.server import Answer, Server, always
from tests.support.function import FunctionFactory, make_settings
from tests.support.objects import encode_base64
from tests.support.results import assert_failed


def test_a_redirect_is_not_followed(namespace: str, make_function: FunctionFactory) -> None:
    """It would carry the bearer token elsewhere."""
    with Server(always(Answer(status=307, headers={"Location": "/elsewhere"}))) as proxy:
        target = {"cluster": "demo", "endpoint": proxy.url, "certificate_authority": encode_base64(proxy.ca_pem)}
        result = make_function(make_settings({**target, "namespace": namespace})).result()

    assert_failed(result, "(307)")
    assert "/elsewhere" not in {request.path for request in proxy.requests}
