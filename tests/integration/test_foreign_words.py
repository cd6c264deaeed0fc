"""No word of a webhook or a policy gets into a result: they have seen the password, and may repeat it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from argo_ecr_auth.core.results import Result
from tests.local_cloud.cloud import Cluster
from tests.servers.server import Answer, Request, Server, answer_json
from tests.support.function import REGISTRY, Function, FunctionFactory, make_settings
from tests.support.objects import Objects, encode_base64
from tests.support.results import assert_failed

_ADMISSION = "/apis/admissionregistration.k8s.io/v1"
WEBHOOK = "the admission webhook deny.example.org denied it: its own log says why"


@pytest.mark.parametrize(("resource", "kind"), [("secrets", "Secret"), ("configmaps", "ConfigMap")])
def test_a_webhook_is_named_and_its_words_are_not_repeated(
    resource: str, kind: str, cluster: Cluster, function: Function, objects: Objects
) -> None:
    """It may have seen the new password, also where it refuses the ConfigMap, which is written after the Secret."""
    function.run()
    with _webhook(cluster, objects.namespace, resource):
        result = _until_failed(function)

    assert_failed(result, f"refused to apply the {kind}", "(400)", WEBHOOK)
    assert str(result.error).endswith(WEBHOOK)
    # Of a token that no ConfigMap vouches for, no expiry is known.
    assert (result.expires_at is None) == (resource == "configmaps")


def test_nothing_is_repeated_where_a_key_of_somebody_elses_cannot_be_removed(
    cluster: Cluster, function: Function, objects: Objects
) -> None:
    function.run()
    objects.patch("configmaps", {"data": {"name": None}, "binaryData": {"name": encode_base64("planted")}})
    with _webhook(cluster, objects.namespace, "configmaps"):
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


@contextmanager
def _webhook(cluster: Cluster, namespace: str, resource: str) -> Iterator[None]:
    """A webhook that denies all writes of this resource."""
    with Server(_deny) as server:
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


def _deny(request: Request) -> Answer:
    """Answers an admission review (admission.k8s.io/v1)."""
    review = json.loads(request.body)
    response = {"uid": review["request"]["uid"], "allowed": False, "status": {"message": "planted"}}
    return answer_json(review | {"response": response})


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
