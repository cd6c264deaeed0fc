"""What a run does where an API server, a proxy before it or an admission webhook fails a request."""

import base64
import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from argo_ecr_auth.core.results import Result
from tests.local_cloud.cloud import Cluster
from tests.support.function import REGISTRY, Function, FunctionFactory, grant, make_settings
from tests.support.loopback import denying, encode_base64, https_server, passing_on
from tests.support.objects import Objects
from tests.support.results import assert_failed


def _repeating(found: dict[str, Any], old: dict[str, Any] | None) -> str:
    """A webhook's words that hold all that is secret in an object, as it is written and as it is meant."""
    (written,) = [text for key, text in found["data"].items() if key in {"password", ".dockerconfigjson"}]
    meant = base64.b64decode(written).decode()
    repeated = [written, meant]
    if ".dockerconfigjson" in found["data"]:
        repeated = [entry["auth"] for entry in json.loads(meant)["auths"].values()]
        repeated += [base64.b64decode(auth).decode().partition(":")[2] for auth in repeated]
    # Also a key of somebody else's, in another form.
    repeated += [base64.b64decode(text).hex() for key, text in found["data"].items() if key == "somebodys"]
    return " ".join([*repeated, _repeating(old, None) if old else ""])


@pytest.mark.parametrize("kind", ["repository", "pull-secret"])
def test_an_admission_webhook_is_quoted_in_its_own_words_without_the_old_password_or_the_new_one(
    kind: str, cluster: Cluster, namespace: str, make_function: FunctionFactory
) -> None:
    """The webhook repeats both objects, as careless ones do."""
    credentials = [{"registry": REGISTRY, "kind": kind}]
    function = make_function(make_settings({"cluster": "demo", "namespace": namespace, "credentials": credentials}))
    grant(cluster.admin, *function.targets)
    objects = Objects(admin=cluster.admin, namespace=namespace)
    function.run()
    objects.patch("secrets", {"data": {"somebodys": encode_base64("planted-by-somebody")}})
    path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
    with https_server(denying(lambda *found: f"no Secrets on Mondays: {_repeating(*found)}")) as (url, ca_pem):
        webhook = {
            "metadata": {"name": objects.namespace},
            "webhooks": [
                {
                    "name": "deny.example.org",
                    "clientConfig": {"url": url, "caBundle": encode_base64(ca_pem)},
                    "rules": [
                        {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["secrets"]}
                    ],
                    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": objects.namespace}},
                    "sideEffects": "None",
                    "admissionReviewVersions": ["v1"],
                }
            ],
        }
        assert cluster.admin.request("POST", path, webhook)[0] == 201
        try:
            result = _until(function, lambda result: result.action == "failed")
        finally:
            cluster.admin.request("DELETE", f"{path}/{objects.namespace}")

    assert_failed(result, "deny.example.org", "denied the request, for a reason that holds something of the Secret")
    assert "Mondays" not in str(result.error)


def _until(function: Function, holds: Callable[[Result], bool]) -> Result:
    """Webhooks take effect within moments of their creation, not at once."""
    for _ in range(50):
        result = function.result(force=True)
        if holds(result):
            return result
    raise AssertionError(result)


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
