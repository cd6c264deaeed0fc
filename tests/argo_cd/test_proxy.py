"""A proxy that somebody adds to a Secret: Argo CD asks the registry through it until the function's next run."""

import pytest

from tests.argo_cd.other_hosts import OtherHosts
from tests.argo_cd.playground import Playground
from tests.servers.server import Answer, Server, always
from tests.support.function import REGISTRY
from tests.support.objects import encode_base64

_CREDENTIAL = {"kind": "argo-cd"}
# Each is served by another one of the three Secrets.
_APPLICATIONS = {"host": "ecr-auth", "prefix": "ecr-auth-helm", "oci": "ecr-auth-oci"}


@pytest.mark.parametrize("name", _APPLICATIONS)
def test_a_run_removes_a_proxy_that_somebody_added(name: str, playground: Playground, other_hosts: OtherHosts) -> None:
    application, secret = other_hosts.useful[name], playground.find(_APPLICATIONS[name])
    playground.replace(_CREDENTIAL)
    with Server(always(Answer(status=502)), tls=False) as proxy:
        secret.patch("secrets", {"data": {"proxy": encode_base64(proxy.url)}})
        application.refresh()
        application.wait_for_error("Bad Gateway")
        assert {request.path for request in proxy.requests} == {f"{REGISTRY}:443"}

        results = playground.write(_CREDENTIAL)
        actions = {result.secret: result.action for result in results}
        assert {secret for secret, action in actions.items() if action == "repaired"} == {f"argocd/{secret.name}"}
        assert "proxy" not in secret.require("secrets")["data"]
        proxy.requests.clear()
        application.refresh()
        application.wait_until_healthy()
        assert list(proxy.requests) == []
