"""What a run says where something is wrong: short, for a person, and the other targets are done all the same."""

import base64
import json
import socket
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
import trustme

from argo_ecr_auth.core.results import Result
from argo_ecr_auth.sync import MAX_CONCURRENCY
from tests.integration.conftest import REGISTRY, Function, Objects, admit, grant, make_settings
from tests.integration.loopback import denying, https_server, passing_on
from tests.local_cloud.cloud import Cluster, LocalCloud

FunctionFactory = Callable[..., Function]


def failed(result: Result, *words: str) -> None:
    error = result.error or ""
    assert result.action == "failed"
    assert "\n" not in error
    assert len(error) <= 450
    assert [word for word in words if word not in error] == [], error


def encode_base64(pem: str) -> str:
    return base64.b64encode(pem.encode()).decode()


@pytest.mark.parametrize("namespace_exists", [True, False])
def test_a_missing_manifest_and_a_missing_namespace_are_both_named_with_their_commands(
    namespace_exists: bool, cluster: Cluster, namespace: str, make_function: FunctionFactory
) -> None:
    name = namespace if namespace_exists else "nowhere"

    result = make_function(make_settings({"cluster": "demo", "name": "mine", "namespace": name})).result()

    failed(result, "get the Secret", f"kubectl create namespace {name}", "kubectl apply -f cdk.out/rbac/mine.rbac.yaml")


def test_a_cluster_without_an_access_entry_is_told_with_the_command_that_shows_them(
    cluster: Cluster, local_cloud: LocalCloud, make_function: FunctionFactory
) -> None:
    stranger = local_cloud.create_role("no-entry", allow=["ecr:GetAuthorizationToken", "eks:DescribeCluster"])

    result = make_function(make_settings({"cluster": "demo"}), role=stranger).result()

    failed(result, "demo's API server answers 401", "no access entry", "--cluster-name demo --region us-east-1")


def test_a_fixed_endpoint_of_another_cluster_is_among_the_candidates(
    cluster: Cluster, make_function: FunctionFactory
) -> None:
    target = {
        "cluster": "other",
        "endpoint": cluster.endpoint,
        "certificate_authority": encode_base64(cluster.ca_pem),
    }

    failed(make_function(make_settings(target)).result(), "401", "the endpoint is another cluster's")


def test_a_cluster_that_is_not_there_is_named_with_its_region(
    make_function: FunctionFactory, local_cloud: LocalCloud
) -> None:
    failed(make_function(make_settings({"cluster": "gone"})).result(), "no EKS cluster gone in us-east-1")


def test_a_right_that_the_role_lacks_on_the_cluster_is_named(
    local_cloud: LocalCloud, make_function: FunctionFactory
) -> None:
    blind = local_cloud.create_role("blind", allow=["ecr:GetAuthorizationToken"])

    failed(
        make_function(make_settings({"cluster": "demo"}), role=blind).result(), "AccessDenied", "eks:DescribeCluster"
    )


def test_an_unreachable_endpoint_is_named_with_what_to_look_at(
    local_cloud: LocalCloud, role: str, make_function: FunctionFactory
) -> None:
    cluster = local_cloud.create_cluster("halted")
    endpoint = cluster.endpoint
    cluster.halt()

    result = make_function(make_settings({"cluster": "halted"})).result()

    failed(result, endpoint, "does not answer", "publicAccessCidrs")


def test_a_cluster_that_never_answers_ends_with_the_runs_time_and_keeps_no_other_from_being_done(
    local_cloud: LocalCloud, role: str, cluster: Cluster, namespace: str, make_function: FunctionFactory
) -> None:
    frozen = local_cloud.create_cluster("frozen")
    admit(local_cloud, frozen, role)
    more_than_at_once = [{"registry": REGISTRY, "secret_name": f"ecr-{i}"} for i in range(MAX_CONCURRENCY + 1)]
    targets = {"cluster": "frozen", "credentials": more_than_at_once}, {"cluster": "demo", "namespace": namespace}
    function = make_function(make_settings(*targets))
    grant(cluster.admin, function.targets[1])
    frozen.freeze()
    try:
        first, *_, last, healthy = function.run(seconds=3)
    finally:
        frozen.thaw()

    failed(first, "not finished within the run's 3 s", "frozen")
    failed(last, "not begun within the run's 3 s", "a cluster of the run or AWS")
    assert healthy.action == "created"


def test_a_wrong_authority_is_told_and_the_certificate_never_trusted(
    cluster: Cluster, make_function: FunctionFactory
) -> None:
    foreign = trustme.CA().cert_pem.bytes().decode()
    target = {"cluster": "demo", "endpoint": cluster.endpoint, "certificate_authority": encode_base64(foreign)}

    failed(make_function(make_settings(target)).result(), "certificate", "certificate_authority")


def test_ecr_refusing_is_told_in_its_own_words_with_the_right_that_is_missing(
    local_cloud: LocalCloud, make_function: FunctionFactory
) -> None:
    poor = local_cloud.create_role("poor", allow=["eks:DescribeCluster"])
    cluster = local_cloud.create_cluster("poor")
    admit(local_cloud, cluster, poor)
    function = make_function(make_settings({"cluster": "poor"}), role=poor)
    grant(cluster.admin, *function.targets)

    result = function.result()

    failed(result, "ECR in us-east-1", "AccessDenied", "ecr:GetAuthorizationToken")
    assert result.reason == "there is no Secret and no ConfigMap"


def test_a_label_is_put_back_while_ecr_refuses(
    cluster: Cluster, namespace: str, local_cloud: LocalCloud, make_function: FunctionFactory
) -> None:
    settings = make_settings({"cluster": "demo", "namespace": namespace})
    function = make_function(settings)
    grant(cluster.admin, *function.targets)
    function.run()
    objects = Objects(admin=cluster.admin, namespace=namespace)
    before = objects.password
    objects.patch("secrets", {"metadata": {"labels": {"argocd.argoproj.io/secret-type": None}}})
    poor = local_cloud.create_role("poorer", allow=["eks:DescribeCluster"])
    admit(local_cloud, cluster, poor)

    result = make_function(settings, role=poor).result(force=True)

    failed(result, "ECR in us-east-1", "AccessDenied")
    assert objects.require("secrets")["metadata"]["labels"] == {"argocd.argoproj.io/secret-type": "repository"}
    assert objects.password == before


def _repeating(found: dict[str, Any], old: dict[str, Any] | None) -> str:
    """A webhook's words that hold all that is secret in an object, as it is written and as it is meant."""
    (written,) = [text for key, text in found["data"].items() if key in {"password", ".dockerconfigjson"}]
    meant = base64.b64decode(written).decode()
    repeated = [written, meant]
    if ".dockerconfigjson" in found["data"]:
        repeated = [entry["auth"] for entry in json.loads(meant)["auths"].values()]
        repeated += [base64.b64decode(auth).decode().partition(":")[2] for auth in repeated]
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

    failed(result, "deny.example.org", "no Secrets on Mondays: *** *** *** ***")


def _until(function: Function, holds: Callable[[Result], bool]) -> Result:
    """Webhooks take effect within moments of their creation, not at once."""
    for _ in range(50):
        result = function.result(force=True)
        if holds(result):
            return result
    raise AssertionError(result)


MANAGED = {
    "label": {"labels": {"reconcile.external-secrets.io/managed": "true"}},
    "annotation": {"annotations": {"reconcile.external-secrets.io/data-hash": "1"}},
}


@pytest.mark.parametrize("mark", MANAGED)
def test_a_secret_that_external_secrets_manages_is_left_alone(mark: str, function: Function, objects: Objects) -> None:
    body = {"metadata": {"name": "ecr-auth", **MANAGED[mark]}, "data": {"password": "eA=="}}
    assert objects.admin.request("POST", objects.path("secrets").rpartition("/")[0], body)[0] == 201

    failed(function.result(), "External Secrets", "secret_name")
    assert objects.password == "x"


def test_an_owned_secret_is_left_alone_and_its_owner_named(function: Function, objects: Objects) -> None:
    owner = {"apiVersion": "v1", "kind": "Widget", "name": "mine", "uid": "1"}
    body = {"metadata": {"name": "ecr-auth", "ownerReferences": [owner]}, "data": {"password": "eA=="}}
    assert objects.admin.request("POST", objects.path("secrets").rpartition("/")[0], body)[0] == 201

    failed(function.result(), "Widget mine")


def test_a_secret_of_another_type_is_refused_and_not_deleted(function: Function, objects: Objects) -> None:
    body = {"metadata": {"name": "ecr-auth"}, "type": "example.org/other", "data": {"password": "eA=="}}
    assert objects.admin.request("POST", objects.path("secrets").rpartition("/")[0], body)[0] == 201

    failed(function.result(), "the type example.org/other")
    assert objects.password == "x"


def test_the_other_credentials_are_done_whatever_one_meets(
    cluster: Cluster, namespace: str, make_function: FunctionFactory
) -> None:
    credentials = [{"registry": REGISTRY}, {"registry": REGISTRY, "secret_name": "second"}]
    written = {"cluster": "demo", "namespace": namespace, "credentials": credentials}
    function = make_function(make_settings(written, {"cluster": "gone"}))
    grant(cluster.admin, function.targets[0])
    body = {"metadata": {"name": "ecr-auth"}, "type": "example.org/other"}
    assert cluster.admin.request("POST", f"/api/v1/namespaces/{namespace}/secrets", body)[0] == 201

    assert [result.action for result in function.run()] == ["failed", "created", "failed"]


FAULTS: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {
    "too many requests": lambda request: _answer(request, 429),
    "an internal error": lambda request: _answer(request, 500),
    "an unavailable server": lambda request: _answer(request, 503),
    "a connection that breaks off": lambda request: request.connection.shutdown(socket.SHUT_RDWR),
}


def _answer(request: BaseHTTPRequestHandler, status: int) -> None:
    request.send_response(status)
    request.send_header("Content-Length", "2")
    request.end_headers()
    request.wfile.write(b"{}")


@pytest.mark.parametrize("fault", FAULTS)
def test_what_passes_is_tried_again_reads_and_writes(
    fault: str, cluster: Cluster, namespace: str, make_function: FunctionFactory
) -> None:
    """Every other request meets the fault, at a proxy before the real API server."""
    met: list[str] = []

    def first(request: BaseHTTPRequestHandler) -> bool:
        met.append(request.command)
        if len(met) % 2:
            FAULTS[fault](request)
        return bool(len(met) % 2)

    with https_server(passing_on(cluster.endpoint, cluster.ca_pem, first=first)) as (url, ca_pem):
        written = {
            "cluster": "demo",
            "namespace": namespace,
            "endpoint": url,
            "certificate_authority": encode_base64(ca_pem),
        }
        function = make_function(make_settings(written))
        grant(cluster.admin, *function.targets)
        result = function.result()

    assert (result.action, result.error) == ("created", None)
    assert met == ["GET"] * 4 + ["PATCH"] * 4


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

    failed(result, "(307)")
    assert not [path for path in asked if path == "/elsewhere"]
