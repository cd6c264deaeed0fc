"""No word of a webhook, a policy or a proxy gets into a result: they have seen the password, and may repeat it."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from argo_ecr_auth.core.results import Result
from tests.local_cloud.cloud import Cluster
from tests.servers.server import Answer, Handler, Request, Server, answer_json
from tests.support.function import REGISTRY, Function, FunctionFactory, make_settings
from tests.support.objects import Objects, encode_base64
from tests.support.results import assert_failed

_ADMISSION = "/apis/admissionregistration.k8s.io/v1"
WEBHOOK = "the admission webhook deny.example.org denied it: its own log says why"

# Each of them, in pieces, gave away a whole token.
FORMS: dict[str, Callable[[bytes], str]] = {
    "as it is": lambda value: value.decode(),
    "base64": lambda value: base64.b64encode(value).decode(),
    "base64 twice": lambda value: base64.b64encode(base64.b64encode(value)).decode(),
    "base32": lambda value: base64.b32encode(value).decode(),
    "the bytes as Go prints them": lambda value: str(list(value)).replace(",", ""),
    "escaped for a shell": lambda value: "".join(f"\\x{byte:02x}" for byte in value),
    "escaped for JSON": lambda value: "".join(f"\\u{byte:04x}" for byte in value),
    "HTML entities": lambda value: "".join(f"&#{byte};" for byte in value),
    "UTF-16": lambda value: "\0".join(value.decode()),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_webhook_is_named_and_its_words_are_not_repeated(
    form: str, cluster: Cluster, function: Function, objects: Objects
) -> None:
    function.run()
    with _webhook(cluster, objects.namespace, "secrets", lambda new, _: FORMS[form](_read_password(new))):
        result = _until_failed(function)

    assert_failed(result, "refused to apply the Secret", "(400)", WEBHOOK)
    assert str(result.error).endswith(WEBHOOK)


def test_a_webhook_that_takes_a_pull_secret_apart_is_not_repeated(
    cluster: Cluster, make_function_with: FunctionFactory, objects: Objects
) -> None:
    function = make_function_with({"registry": REGISTRY, "kind": "pull-secret"})
    function.run()

    def repeat(new: dict[str, Any], old: dict[str, Any] | None) -> str:
        configurations = [
            json.loads(base64.b64decode(found["data"][".dockerconfigjson"])) for found in (new, old) if found
        ]
        logins = [entry["auth"] for configuration in configurations for entry in configuration["auths"].values()]
        return " ".join([*logins, *(base64.b64decode(login).decode() for login in logins)])

    with _webhook(cluster, objects.namespace, "secrets", repeat):
        result = _until_failed(function)

    assert str(result.error).endswith(WEBHOOK)


def test_the_new_password_is_not_repeated_where_the_config_map_is_refused(
    cluster: Cluster, function: Function, objects: Objects
) -> None:
    """The webhook may have seen the Secret a moment before."""
    function.run()
    with _webhook(cluster, objects.namespace, "configmaps", lambda *_: objects.password):
        result = _until_failed(function)

    assert_failed(result, "refused to apply the ConfigMap", WEBHOOK)
    assert objects.password not in str(result.error)


def test_nothing_is_repeated_where_a_key_of_somebody_elses_cannot_be_removed(
    cluster: Cluster, function: Function, objects: Objects
) -> None:
    function.run()
    objects.patch("configmaps", {"data": {"name": None}, "binaryData": {"name": encode_base64("planted")}})
    with _webhook(cluster, objects.namespace, "configmaps", lambda *_: f"planted {objects.password}"):
        result = _until_failed(function)

    assert_failed(result, "refused to remove keys from the ConfigMap", WEBHOOK)
    assert "planted" not in str(result.error)


def test_a_policy_is_named_and_its_words_are_not_repeated(
    cluster: Cluster, function: Function, objects: Objects
) -> None:
    name = objects.namespace
    function.run()
    words = "'no: ' + string(object.data.password)"
    with _policy(cluster, name, "secrets", "false", messageExpression=words):
        result = _until_failed(function)

    advice = (
        f"the ValidatingAdmissionPolicy {name} denied it: kubectl describe validatingadmissionpolicy {name} says why"
    )
    assert_failed(result, advice)
    assert str(result.error).endswith(advice)


def test_a_refused_config_map_does_not_cost_a_token_per_run(
    cluster: Cluster, make_function_with: FunctionFactory, objects: Objects
) -> None:
    """A policy requires a label on each Secret and ConfigMap; the Secret has it from somebody else."""
    function = make_function_with({"registry": REGISTRY})
    labels = {"example.org/team": "a"}
    target = {"cluster": cluster.name, "namespace": objects.namespace}
    with _policy(cluster, objects.namespace, "configmaps", "'example.org/team' in object.metadata.labels"):
        first = _until_failed(function)
        password = objects.password
        for _ in range(3):
            result = function.result()
            assert_failed(result, "refused to apply the ConfigMap", "the ValidatingAdmissionPolicy")
            assert objects.password == password
        assert_failed(first, "refused to apply the ConfigMap")

        function.settings = make_settings(target, credentials=[{"registry": REGISTRY, "labels": labels}])
        assert function.result().action == "repaired"
        assert function.result().action == "fresh"


def test_a_quota_is_named(function: Function, objects: Objects) -> None:
    quota = replace(objects, name="no-more")
    quota.create("resourcequotas", {"spec": {"hard": {"secrets": "0"}}})
    # Without a controller manager, nobody else counts.
    replace(quota, name="no-more/status").patch(
        "resourcequotas", {"status": {"hard": {"secrets": "0"}, "used": {"secrets": "0"}}}
    )

    assert_failed(function.result(), "the ResourceQuota no-more is exhausted: raise it")


def test_a_server_error_that_echoes_the_request_is_not_repeated(namespace: str, make_function: FunctionFactory) -> None:
    def echo(request: Request) -> Answer:
        message = f"failed: Authorization: {request.headers['Authorization']}"
        return answer_json({"kind": "Status", "message": message}, status=500)

    with Server(echo) as server:
        target = {"cluster": "demo", "endpoint": server.url, "certificate_authority": encode_base64(server.ca_pem)}
        result = make_function(make_settings({**target, "namespace": namespace})).result()

    assert_failed(result, "(500): the API server's audit log says why")
    bearers = [request.headers["Authorization"] for request in server.requests]
    assert bearers
    assert not [bearer for bearer in bearers if bearer[-40:] in str(result)]


def _read_password(secret: dict[str, Any]) -> bytes:
    return base64.b64decode(secret["data"]["password"])


@contextmanager
def _webhook(
    cluster: Cluster,
    namespace: str,
    resource: str,
    words: Callable[[dict[str, Any], dict[str, Any] | None], str],
) -> Iterator[None]:
    """A webhook that denies all writes of this resource, in words made from both objects."""
    with Server(_deny(words)) as server:
        webhook = {
            "name": "deny.example.org",
            "clientConfig": {"url": server.url, "caBundle": encode_base64(server.ca_pem)},
            "rules": [_rule(resource)],
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
        }
        configuration = {"metadata": {"name": namespace}, "webhooks": [webhook]}
        with _existing(cluster, "validatingwebhookconfigurations", configuration):
            yield


def _deny(words: Callable[[dict[str, Any], dict[str, Any] | None], str]) -> Handler:
    """Answers admission reviews (admission.k8s.io/v1)."""

    def handle(request: Request) -> Answer:
        review = json.loads(request.body)
        asked = review["request"]
        status = {"message": words(asked["object"], asked["oldObject"])}
        return answer_json(review | {"response": {"uid": asked["uid"], "allowed": False, "status": status}})

    return handle


@contextmanager
def _policy(cluster: Cluster, namespace: str, resource: str, expression: str, **words: str) -> Iterator[None]:
    """A policy for this resource, named as the namespace."""
    policy = {
        "metadata": {"name": namespace},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [_rule(resource)]},
            "validations": [{"expression": expression, **words}],
        },
    }
    binding = {
        "metadata": {"name": namespace},
        "spec": {
            "policyName": namespace,
            "validationActions": ["Deny"],
            "matchResources": {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}},
        },
    }
    with (
        _existing(cluster, "validatingadmissionpolicies", policy),
        _existing(cluster, "validatingadmissionpolicybindings", binding),
    ):
        yield


def _rule(resource: str) -> dict[str, list[str]]:
    return {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": [resource]}


@contextmanager
def _existing(cluster: Cluster, plural: str, body: dict[str, Any]) -> Iterator[None]:
    status, answer = cluster.admin.request("POST", f"{_ADMISSION}/{plural}", body)
    assert status == 201, answer
    try:
        yield
    finally:
        cluster.admin.request("DELETE", f"{_ADMISSION}/{plural}/{body['metadata']['name']}")


def _until_failed(function: Function) -> Result:
    """Webhooks and policies take effect within moments of their creation, not at once."""
    for _ in range(100):
        result = function.result(force=True)
        if result.action == "failed":
            return result
    raise AssertionError(result)
