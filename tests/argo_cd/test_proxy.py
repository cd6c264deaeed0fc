"""A proxy that somebody adds to a Secret: Argo CD asks the registry through it until the function's next run."""

from http import HTTPStatus
from http.server import BaseHTTPRequestHandler

import pytest

from tests.argo_cd.other_hosts import OtherHosts
from tests.argo_cd.playground import Playground
from tests.support.function import REGISTRY
from tests.support.loopback import http_server
from tests.support.objects import encode_base64

_CREDENTIAL = {"kind": "argo-cd"}
# Each is served by another one of the three Secrets.
_APPLICATIONS = {"host": "ecr-auth", "prefix": "ecr-auth-helm", "oci": "ecr-auth-oci"}


class _Proxy(BaseHTTPRequestHandler):
    """Notes where it should lead to, and leads nowhere."""

    places: list[str]

    def do_CONNECT(self) -> None:
        self.places.append(self.path)
        self.send_error(HTTPStatus.BAD_GATEWAY)

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("name", _APPLICATIONS)
def test_a_run_removes_a_proxy_that_somebody_added(name: str, playground: Playground, other_hosts: OtherHosts) -> None:
    application, secret = other_hosts.useful[name], playground.find(_APPLICATIONS[name])
    places: list[str] = []
    playground.replace(_CREDENTIAL)
    with http_server(type("Proxy", (_Proxy,), {"places": places})) as proxy:
        secret.patch("secrets", {"data": {"proxy": encode_base64(proxy)}})
        application.refresh()
        application.wait_for("Unknown")
        assert set(places) == {f"{REGISTRY}:443"}

        results = playground.write(_CREDENTIAL)
        actions = {result.secret: result.action for result in results}
        assert {secret for secret, action in actions.items() if action == "repaired"} == {f"argocd/{secret.name}"}
        assert "proxy" not in secret.require("secrets")["data"]
        places.clear()
        application.refresh()
        application.wait_for("Synced")
        assert places == []
