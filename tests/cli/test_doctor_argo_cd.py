"""What doctor says of other Secrets that Argo CD may use instead."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cli.command_line import CommandLine
from tests.cli.doctor import create_secret, find_by_secret, run_doctor
from tests.local_cloud.cloud import Cluster
from tests.support.custom_resources import serve_resource
from tests.support.function import REGISTRY, FunctionFactory
from tests.support.objects import Objects

_PASSWORD = {"password": "old"}
_REPOSITORY = {"kind": "repository", "url": REGISTRY}
_CHARTS = {"kind": "repository", "url": f"{REGISTRY}/charts"}
_TEMPLATE = {"kind": "repo-creds"}
# A credential's keys, the Secrets of others that Argo CD uses instead of ours, and those that it does not.
_OTHERS: list[tuple[dict[str, str], list[dict[str, str]], list[dict[str, str]]]] = [
    (
        {},
        [
            {"kind": "repository", "url": REGISTRY.upper()},
            {"kind": "repository", "url": f" {REGISTRY}.git\n"} | _PASSWORD,
            {"kind": "repository", "url": f"{REGISTRY}.git"} | _PASSWORD,
            _REPOSITORY | {"project": "a"},
            _REPOSITORY | {"useWorkloadIdentity": "false"} | _PASSWORD,
        ],
        [
            _CHARTS | _PASSWORD,
            {"kind": "repository", "url": f"{REGISTRY}/"} | _PASSWORD,
            _TEMPLATE | {"url": REGISTRY} | _PASSWORD,
            _REPOSITORY | {"useAWSWorkloadIdentity": "true"},  # Argo CD's own login to ECR, as a proposal spells it
        ],
    ),
    ({"type": "oci"}, [{"kind": "repository", "url": f"oci://{REGISTRY}"} | _PASSWORD], []),
    ({"project": "a"}, [_REPOSITORY | {"project": "a"}], [_REPOSITORY]),
    ({"project": "b"}, [], [_REPOSITORY | {"project": "a"}]),
    (
        _TEMPLATE,
        [
            _CHARTS | {"useAzureWorkloadIdentity": "true"},
            _CHARTS | {"username": "AWS"},
            _CHARTS | _PASSWORD,
            _TEMPLATE | {"url": f"oci://{REGISTRY}/charts"},
            _TEMPLATE | {"url": f"{REGISTRY.upper()}/charts\n"} | _PASSWORD,
        ],
        [
            _CHARTS,
            _CHARTS | {"tlsClientCertKey": "old"},
            _TEMPLATE | {"url": REGISTRY[:20]} | _PASSWORD,
            {"kind": "repository", "url": f"{REGISTRY}.example.org/a"} | _PASSWORD,
            # As another proposal spells it.
            _TEMPLATE | {"url": REGISTRY, "useWorkloadIdentity": "true", "workloadIdentityProvider": "aws"},
        ],
    ),
    (
        {"kind": "argo-cd"},
        [_REPOSITORY | _PASSWORD, {"kind": "repository", "url": f"oci://{REGISTRY}/charts"} | _PASSWORD],
        [],
    ),
    ({"kind": "pull-secret"}, [], [_REPOSITORY | _PASSWORD]),
    ({"kind": "kargo"}, [], [_REPOSITORY | _PASSWORD]),
]


@pytest.mark.parametrize(("credential", "shadowing", "harmless"), _OTHERS)
def test_secrets_that_shadow_ours(
    credential: dict[str, str],
    shadowing: list[dict[str, str]],
    harmless: list[dict[str, str]],
    doctor: CommandLine,
    objects: Objects,
) -> None:
    written = [{"registry": REGISTRY, "verify": "off", **credential}]
    doctor.write_settings({"cluster": "demo", "namespace": objects.namespace, "credentials": written})
    names = {f"shadowing-{i}": data for i, data in enumerate(shadowing)}
    for name, data in (names | {f"harmless-{i}": data for i, data in enumerate(harmless)}).items():
        create_secret(objects, name, **data)

    found = find_by_secret(doctor, "shadowed")

    assert set(found) == set(names)
    for name, finding in found.items():
        assert finding["remedy"].endswith(f"kubectl -n {objects.namespace} delete secret {name}")


def _finds(command_line: CommandLine, name: str) -> list[dict[str, Any]]:
    return [finding for finding in run_doctor(command_line)[1] if finding["finding"] == name]


_CHART = {"kind": "repository", "type": "helm", "name": "theirs"}
_THEIRS = {
    "named": _CHART | {"url": f"{REGISTRY}/named", "password": "theirs"},
    "bare": _CHART | {"url": f"{REGISTRY}/bare"},
    "of-project": _CHART | {"url": f"{REGISTRY}/of-project", "project": "team"},
    "odd-url": _CHART | {"url": f" {REGISTRY.upper()}/Odd.git\n"},
    "oci": {"kind": "repository", "type": "oci", "url": f"oci://{REGISTRY}/oci"},
    "oci-password": {"kind": "repository", "type": "oci", "url": f"oci://{REGISTRY}/a/b", "password": "theirs"},
}
_HARMLESS = {
    "nameless": {"kind": "repository", "type": "helm", "url": f"{REGISTRY}/nameless"},
    "empty-name": _CHART | {"name": "", "url": f"{REGISTRY}/empty-name"},
    "git": _CHART | {"type": "git", "url": f"{REGISTRY}/git"},
    "longer-host": _CHART | {"url": f"{REGISTRY}.example.org/a", "password": "theirs"},
    "other-port": _CHART | {"url": f"{REGISTRY}:8443/a", "password": "theirs"},
    "other-host": _CHART | {"url": "charts.example.com/a", "password": "theirs"},
    "nothing-to-take": _CHART | {"url": REGISTRY},
    "below": {"kind": "repo-creds", "type": "helm", "url": f"{REGISTRY}/team", "password": "theirs"},
}


def test_secrets_of_others_that_send_a_password_to_hosts_that_only_look_like_the_registry(
    all_of_argo_cd: CommandLine, objects: Objects
) -> None:
    for name, data in (_THEIRS | _HARMLESS).items():
        create_secret(objects, name, **data)

    found = find_by_secret(all_of_argo_cd, "token-may-leave")

    assert set(found) == set(_THEIRS)
    kubectl = f"kubectl -n {objects.namespace}"
    removal = """--type=json --patch='[{"op": "remove", "path": "/data/name"}]'"""
    for name in ("bare", "of-project", "odd-url"):
        assert found[name]["remedy"].endswith(f": {kubectl} patch secret {name} {removal}")
        assert f"takes from the repo-creds {objects.namespace}/ecr-auth-helm" in found[name]["message"]
    assert f"takes from the repo-creds {objects.namespace}/ecr-auth-oci" in found["oci"]["message"]
    for name in ("named", "oci-password", "oci"):  # the first two shadow ours too, with the same remedy
        assert f"{kubectl} delete secret {name}" in found[name]["remedy"]
    assert set(find_by_secret(all_of_argo_cd, "shadowed")) == {"named", "oci-password", "below", "nothing-to-take"}


def test_what_takes_its_name_away_is_a_patch_of_the_remedy(all_of_argo_cd: CommandLine, objects: Objects) -> None:
    create_secret(objects, "bare", **_THEIRS["bare"])
    remedy = find_by_secret(all_of_argo_cd, "token-may-leave")["bare"]["remedy"]
    patch = json.loads(remedy.partition("--patch='")[2].removesuffix("'"))

    path = replace(objects, name="bare").path("secrets")
    status, answer = objects.admin.request("PATCH", path, patch, content_type="application/json-patch+json")

    assert status == 200, answer
    assert run_doctor(all_of_argo_cd)[1] == []


def test_templates_of_others_that_end_within_the_host(doctor: CommandLine, objects: Objects) -> None:
    urls = {"plain": REGISTRY, "upper": REGISTRY.upper(), "oci": f"oci://{REGISTRY}", "shorter": REGISTRY[:20]}
    for name, url in urls.items():
        create_secret(objects, name, kind="repo-creds", url=url, password="theirs")

    found = find_by_secret(doctor, "token-may-leave")

    assert set(found) == set(urls)
    for name, finding in found.items():
        assert f"{objects.namespace}/{name} is a template for more than its registry" in finding["message"]


def test_a_secret_without_a_password_sends_none(doctor: CommandLine, objects: Objects) -> None:
    create_secret(objects, "bare", **_THEIRS["bare"])
    create_secret(objects, "open", kind="repo-creds", url=REGISTRY)

    assert find_by_secret(doctor, "token-may-leave") == {}


def test_a_named_secret_of_another_installation(all_of_argo_cd: CommandLine, objects: Objects) -> None:
    create_secret(objects, "another", **_THEIRS["named"])
    another = replace(objects, name="another")
    expiry = f"{datetime.now(UTC) + timedelta(hours=9):%Y-%m-%dT%H:%M:%SZ}"
    managed = {"metadata": {"labels": {"argo-ecr-auth": "managed-resource"}}, "data": {"expireyTime": expiry}}
    another.create("configmaps", managed)

    found = find_by_secret(all_of_argo_cd, "token-may-leave")
    another.delete("configmaps")

    assert "use kind: argo-cd in the settings of what renews it" in found["another"]["remedy"]


def test_two_secrets_for_one_url_and_project_whoever_wrote_them(doctor: CommandLine, objects: Objects) -> None:
    other = "https://charts.example.com"
    create_secret(objects, "a", kind="repository", url=other, project="x")
    create_secret(objects, "b", kind="repository", url=f"{other.upper()}", project="x")
    create_secret(objects, "c", kind="repository", url=other)
    create_secret(objects, "d", kind="repo-creds", url=other)
    create_secret(objects, "e", kind="repo-creds", url=f"{other.upper()}\n", project="x")

    repositories, templates = _finds(doctor, "duplicate")

    names = f"{objects.namespace}/a and {objects.namespace}/b are both a repository for {other} in the project x"
    assert repositories["message"].startswith(names)
    names = f"{objects.namespace}/d and {objects.namespace}/e are both a repo-creds for {other}"
    assert templates["message"].startswith(names)


def test_two_credentials_of_the_settings_for_one_url(
    doctor: CommandLine, namespace: str, make_function_with: FunctionFactory
) -> None:
    twice = [{"registry": REGISTRY, "verify": "off", "secret_name": name} for name in ("one", "two")]
    make_function_with(*twice).run()
    doctor.write_settings({"cluster": "demo", "namespace": namespace, "credentials": twice})

    (found,) = _finds(doctor, "duplicate")

    assert f"{namespace}/one and {namespace}/two" in found["message"]


_EXPIRED = "403: denied: Your authorization token has expired."
# An Application's repoURL, its condition, and the hours from the renewal to it.
_STALE = {
    "expired": (REGISTRY, "ComparisonError", _EXPIRED, -1),
    "named-in-words": ("https://git.example.com/a", "ComparisonError", f"{REGISTRY}/v2/: 403: Forbidden", -1),
    "oci": (f"oci://{REGISTRY.upper()}/a", "ComparisonError", "403: Forbidden", -1),
}
_CURRENT = {
    "after-the-renewal": (REGISTRY, "ComparisonError", _EXPIRED, 1),
    "no-refusal": (REGISTRY, "ComparisonError", "chart not found", -1),
    "other-condition": (REGISTRY, "SyncError", "403: denied", -1),
    "longer-host": (f"{REGISTRY}.example.org/a", "ComparisonError", "403: Forbidden", -1),
    "other-host": ("https://git.example.com/a", "ComparisonError", "403: Forbidden", -1),
}


def test_applications_that_still_show_a_failure_from_before_the_renewal(
    fresh: CommandLine, cluster: Cluster, objects: Objects
) -> None:
    served = serve_resource(
        cluster.admin, group="argoproj.io", version="v1alpha1", plural="applications", kind="Application"
    )
    path = f"{served}/namespaces/{objects.namespace}/applications"
    for name, (repo_url, kind, words, hours) in (_STALE | _CURRENT).items():
        moment = datetime.now(UTC) + timedelta(hours=hours)
        condition = {"type": kind, "message": words, "lastTransitionTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}"}
        application = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": name},
            "spec": {"source": {"repoURL": repo_url}},
            "status": {"conditions": [condition]},
        }
        status, answer = objects.admin.request("POST", path, application)
        assert status == 201, answer

    found = _finds(fresh, "cached-failure")
    objects.admin.request("DELETE", path)

    kubectl = f"kubectl -n {objects.namespace} annotate application"
    assert {finding["remedy"] for finding in found if objects.namespace in finding["message"]} == {
        f"{kubectl} {name} argocd.argoproj.io/refresh=hard --overwrite" for name in _STALE
    }
