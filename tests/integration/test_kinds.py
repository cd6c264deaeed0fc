"""Every kind of credential, as Argo CD, Image Updater and kubelet read it (notes of their sources in the tests)."""

import base64
import json
import re
from dataclasses import replace
from typing import Any

import pytest

from tests.local_cloud import ecr_token
from tests.local_cloud.cloud import LocalCloud
from tests.local_cloud.cluster import Cluster
from tests.support.function import REGISTRY, Function, FunctionFactory, make_settings
from tests.support.objects import Objects, encode_base64

EUROPE = "000000000000.dkr.ecr.eu-west-1.amazonaws.com"
LABEL = "argocd.argoproj.io/secret-type"
TEAM = {"project": "team"}
HELM = ("repo-creds", {"url": f"{REGISTRY}/", "type": "helm"})
OCI = ("repo-creds", {"url": f"oci://{REGISTRY}/", "type": "oci"})

# What is written, and the Secrets that it makes: name, labels, and all data but the password.
ARGO_CD: dict[str, tuple[dict[str, Any], list[tuple[str, str, dict[str, str]]]]] = {
    "an oci repository below a prefix, of a project": (
        {"registry": REGISTRY, "type": "oci", "url": f"{REGISTRY}/charts", "name": "charts", "project": "team"},
        [("ecr-auth", "repository", {"url": f"oci://{REGISTRY}/charts", "name": "charts", "type": "oci"} | TEAM)],
    ),
    "all of a registry": (
        {"registry": REGISTRY, "kind": "argo-cd"},
        [
            ("ecr-auth", "repository", {"url": REGISTRY, "type": "helm"}),
            ("ecr-auth-helm", *HELM),
            ("ecr-auth-oci", *OCI),
        ],
    ),
    "templates for a whole registry": (
        {"registry": REGISTRY, "kind": "repo-creds"},
        [("ecr-auth", *HELM), ("ecr-auth-oci", *OCI)],
    ),
    "a template of one type": (
        {"registry": REGISTRY, "kind": "repo-creds", "type": "oci", "project": "team"},
        [("ecr-auth", "repo-creds", OCI[1] | TEAM)],
    ),
    "ECR Public": (
        {"registry": "public.ecr.aws"},
        [("ecr-auth", "repository", {"url": "public.ecr.aws", "type": "helm"})],
    ),
}
ALL_KINDS = {name: written for name, (written, _) in ARGO_CD.items()} | {
    "Kargo": {"registry": REGISTRY, "kind": "kargo"},
    "a pull secret": {"registry": REGISTRY, "kind": "pull-secret"},
    "a pull secret of two regions": {"registry": [REGISTRY, EUROPE], "kind": "pull-secret"},
}


@pytest.fixture(autouse=True)
def _public_permissions(local_cloud: LocalCloud, role: str) -> None:
    """The function's role may ask for tokens of ECR Public."""
    condition = {"StringEquals": {"sts:AWSServiceName": "ecr-public.amazonaws.com"}}
    permissions = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "ecr-public:GetAuthorizationToken", "Resource": "*"},
            {"Effect": "Allow", "Action": "sts:GetServiceBearerToken", "Resource": "*", "Condition": condition},
        ],
    }
    local_cloud.client("iam").put_role_policy(
        RoleName=role.rpartition("/")[2], PolicyName="public", PolicyDocument=json.dumps(permissions)
    )


def decode_secret(objects: Objects) -> dict[str, str]:
    return {key: base64.b64decode(value).decode() for key, value in objects.require("secrets")["data"].items()}


@pytest.mark.parametrize(("written", "expected"), ARGO_CD.values(), ids=ARGO_CD)
def test_argo_cd_finds_what_it_reads(
    written: dict[str, Any],
    expected: list[tuple[str, str, dict[str, str]]],
    make_function_with: FunctionFactory,
    objects: Objects,
) -> None:
    results = make_function_with(written).run()

    assert [result.action for result in results] == ["created"] * len(expected)
    passwords = set()
    for name, label, keys in expected:
        one = replace(objects, name=name)
        data = decode_secret(one)
        passwords.add(data.pop("password"))
        assert one.require("secrets")["metadata"]["labels"] == {LABEL: label}
        assert one.require("secrets")["type"] == "Opaque"
        assert data == {"enableOCI": "true", "username": "AWS", **keys}
        assert one.require("configmaps")["data"]["name"] == written["registry"]
    assert len(passwords) == 1, "the Secrets of one credential hold one token"
    assert not [password for password in passwords if password != password.strip()]


def _find_for_kargo(objects: Objects, kind: str, url: str) -> str | None:
    """The Secret that Kargo logs in with (akuity/kargo 353cb20, pkg/credentials/kubernetes/database.go and basic)."""
    path = f"/api/v1/namespaces/{objects.namespace}/secrets?labelSelector=kargo.akuity.io/cred-type={kind}"
    _, found = objects.admin.request("GET", path)
    for secret in sorted(found["items"], key=lambda secret: str(secret["metadata"]["name"])):
        data = {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}
        normalized = url.lower().removeprefix("oci://") if kind == "helm" else url
        if data["repoURLIsRegex"] == "true" and any(re.search(data["repoURL"], text) for text in (url, normalized)):
            return str(secret["metadata"]["name"]) if data["username"] and data["password"] else None
    return None


def test_kargo_finds_what_it_reads_and_sends_it_to_the_registry_only(
    make_function_with: FunctionFactory, objects: Objects
) -> None:
    expected = {
        ("image", f"{REGISTRY}/team/app"): "ecr-auth",
        ("helm", f"oci://{REGISTRY}/charts/app"): "ecr-auth-helm",
        ("image", f"{REGISTRY}.example.org/app"): None,
        ("image", f"{REGISTRY.replace('.dkr', '-dkr')}/app"): None,
        ("helm", f"oci://example.org/{REGISTRY}/app"): None,
        ("helm", f"https://{REGISTRY}/charts"): None,
        ("git", f"{REGISTRY}/team/app"): None,
    }

    make_function_with(ALL_KINDS["Kargo"]).run()

    assert {(kind, url): _find_for_kargo(objects, kind, url) for kind, url in expected} == expected


def test_image_updater_and_kubelet_find_their_auth_under_the_bare_host(
    make_function_with: FunctionFactory, objects: Objects
) -> None:
    make_function_with(ALL_KINDS["a pull secret of two regions"]).run()

    secret = objects.require("secrets")
    auths = json.loads(decode_secret(objects)[".dockerconfigjson"])["auths"]
    assert secret["type"] == "kubernetes.io/dockerconfigjson"
    assert set(auths) == {REGISTRY, EUROPE}
    assert {host: ecr_token.parse(auth["auth"]).region for host, auth in auths.items()} == {
        REGISTRY: "us-east-1",
        EUROPE: "eu-west-1",
    }
    assert objects.require("configmaps")["data"]["name"] == f"{REGISTRY},{EUROPE}"


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_what_was_written_is_fresh_then_renewed_and_healed(
    kind: str, make_function_with: FunctionFactory, objects: Objects
) -> None:
    function = make_function_with(ALL_KINDS[kind])
    function.run()
    before = objects.require("secrets")["data"]
    assert {result.action for result in function.run()} == {"fresh"}
    assert objects.require("secrets")["data"] == before

    assert {result.action for result in function.run(force=True)} == {"renewed"}
    assert objects.require("secrets")["data"] != before

    config, key = encode_base64('{"auths":{}}'), ".dockerconfigjson" if "pull" in kind else "password"
    objects.patch("secrets", {"data": {key: config}})
    assert f"the {key}, its expireyTime, its lifetime or its token-source was changed after it was written" in str(
        function.run()[0].reason
    )
    assert objects.require("secrets")["data"][key] != config


def test_a_registry_added_to_a_pull_secret_is_in_it_after_the_next_run(
    make_function_with: FunctionFactory, objects: Objects
) -> None:
    function = make_function_with(ALL_KINDS["a pull secret"])
    function.run()
    target = {"cluster": "demo", "namespace": objects.namespace}
    function.settings = make_settings(target, credentials=[ALL_KINDS["a pull secret of two regions"]])

    assert function.result().action == "repaired"
    assert set(json.loads(decode_secret(objects)[".dockerconfigjson"])["auths"]) == {REGISTRY, EUROPE}


def test_a_dry_run_tells_key_by_key_and_no_write_reaches_the_api_server(
    function: Function, objects: Objects, cluster: Cluster, local_cloud: LocalCloud
) -> None:
    function.run()
    planted = "planted-by-somebody"
    objects.patch("secrets", {"data": {"url": encode_base64(planted)}})
    events, requests = len(cluster.audit_events()), len(local_cloud.requests())

    said = function.result(dry_run=True).as_dict()

    verbs = {
        event["verb"]
        for event in cluster.audit_events()[events:]
        if event["objectRef"].get("namespace") == objects.namespace and "assumed-role" in event["user"]["username"]
    }
    (change,) = said["changes"]
    assert (change["object"], change["key"], change["desired"]) == ("Secret", "data url", REGISTRY)
    assert planted not in json.dumps(said)
    assert encode_base64(planted) not in json.dumps(said)
    assert verbs == {"get"}
    assert local_cloud.requests()[requests:] == []
