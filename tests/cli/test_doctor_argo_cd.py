"""What doctor says of other Secrets that Argo CD may use instead."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml

from tests.cli.command_line import CommandLine
from tests.cli.doctor import create_secret, run_doctor
from tests.local_cloud.cloud import Cluster
from tests.support.custom_resources import serve_resource
from tests.support.function import REGISTRY, Function, FunctionFactory, grant, make_settings
from tests.support.objects import Objects


@pytest.mark.parametrize(
    ("credential", "theirs"),
    [
        ({}, {"kind": "repository", "url": REGISTRY.upper()}),
        ({}, {"kind": "repository", "url": f"{REGISTRY}.git", "password": "old"}),
        ({"type": "oci"}, {"kind": "repository", "url": f"oci://{REGISTRY}", "password": "old"}),
        ({"project": "a"}, {"kind": "repository", "url": REGISTRY, "project": "a"}),
        ({}, {"kind": "repository", "url": REGISTRY, "project": "a"}),
        ({}, {"kind": "repository", "url": REGISTRY, "useWorkloadIdentity": "false", "password": "old"}),
        (
            {"kind": "repo-creds"},
            {"kind": "repository", "url": f"{REGISTRY}/charts", "useAzureWorkloadIdentity": "true"},
        ),
        ({"kind": "repo-creds"}, {"kind": "repository", "url": f"{REGISTRY}/charts", "username": "AWS"}),
        ({"kind": "repo-creds"}, {"kind": "repository", "url": f"{REGISTRY}/charts", "password": "old"}),
        ({"kind": "repo-creds"}, {"kind": "repo-creds", "url": f"oci://{REGISTRY}/charts"}),
    ],
)
def test_a_secret_that_shadows_ours(
    credential: dict[str, str], theirs: dict[str, str], stack: str, command_line: CommandLine, objects: Objects
) -> None:
    found = _shadowed(command_line, objects, credential, theirs)

    (told,) = found
    assert f"{objects.namespace}/theirs" in told["message"]
    assert told["remedy"].endswith(f"kubectl -n {objects.namespace} delete secret theirs")


@pytest.mark.parametrize(
    ("credential", "theirs"),
    [
        ({}, {"kind": "repository", "url": f"{REGISTRY}/charts", "password": "old"}),
        ({}, {"kind": "repository", "url": f"{REGISTRY}/", "password": "old"}),
        ({}, {"kind": "repo-creds", "url": REGISTRY, "password": "old"}),
        ({"project": "b"}, {"kind": "repository", "url": REGISTRY, "project": "a"}),
        ({"project": "a"}, {"kind": "repository", "url": REGISTRY}),
        ({"kind": "repo-creds"}, {"kind": "repository", "url": f"{REGISTRY}/charts"}),
        ({"kind": "repo-creds"}, {"kind": "repository", "url": f"{REGISTRY}/charts", "tlsClientCertKey": "old"}),
        ({"kind": "repo-creds"}, {"kind": "repo-creds", "url": REGISTRY[:20], "password": "old"}),
        ({"kind": "pull-secret"}, {"kind": "repository", "url": REGISTRY, "password": "old"}),
        # Argo CD's own login to ECR, as two proposals spell it.
        ({}, {"kind": "repository", "url": REGISTRY, "useAWSWorkloadIdentity": "true"}),
        (
            {"kind": "repo-creds"},
            {
                "kind": "repo-creds",
                "url": REGISTRY,
                "useWorkloadIdentity": "true",
                "workloadIdentityProvider": "aws",
            },
        ),
    ],
)
def test_a_secret_that_does_not_shadow_ours(
    credential: dict[str, str], theirs: dict[str, str], stack: str, command_line: CommandLine, objects: Objects
) -> None:
    assert _shadowed(command_line, objects, credential, theirs) == []


def _shadowed(
    command_line: CommandLine, objects: Objects, credential: dict[str, str], theirs: dict[str, str]
) -> list[dict[str, Any]]:
    written = [{"registry": REGISTRY, "verify": "off", **credential}]
    command_line.write_settings({"cluster": "demo", "namespace": objects.namespace, "credentials": written})
    create_secret(objects, "theirs", **theirs)
    return [each for each in run_doctor(command_line)[1] if each["finding"] == "shadowed"]


def _finds(command_line: CommandLine, name: str) -> list[dict[str, Any]]:
    return [each for each in run_doctor(command_line)[1] if each["finding"] == name]


def test_two_secrets_for_one_url_and_project_whoever_wrote_them(doctor: CommandLine, objects: Objects) -> None:
    other = "https://charts.example.com"
    create_secret(objects, "a", kind="repository", url=other, project="x")
    create_secret(objects, "b", kind="repository", url=f"{other.upper()}", project="x")
    create_secret(objects, "c", kind="repository", url=other)
    create_secret(objects, "d", kind="repo-creds", url=other)

    (found,) = _finds(doctor, "duplicate")

    names = f"{objects.namespace}/a and {objects.namespace}/b are both a repository for {other} in the project x"
    assert found["message"].startswith(names)


def test_two_credentials_of_the_settings_for_one_url(
    doctor: CommandLine, objects: Objects, make_function: FunctionFactory, cluster: Cluster
) -> None:
    twice = [{"registry": REGISTRY, "verify": "off", "secret_name": name} for name in ("one", "two")]
    target = {"cluster": cluster.name, "namespace": objects.namespace, "credentials": twice}
    doctor.write_settings(target)
    function = make_function(make_settings(target))
    grant(cluster.admin, *function.targets)
    function.run()

    (found,) = _finds(doctor, "duplicate")

    assert f"{objects.namespace}/one and {objects.namespace}/two" in found["message"]


@pytest.mark.parametrize(
    ("asked", "serves"),
    [
        ((REGISTRY, None), "the repository {}/ecr-auth serves it, of these settings"),
        ((REGISTRY, "team"), "the repository {}/of-team serves it, which is not of these settings"),
        ((f"oci://{REGISTRY}/charts/app", None), "the repo-creds {}/long serves it, which is not of these settings"),
        ((f"oci://{REGISTRY}/other", None), "the repo-creds {}/short serves it, which is not of these settings"),
        ((f"{REGISTRY}/charts", None), "nothing in the namespace {} serves it"),
    ],
)
def test_the_secret_that_serves_a_url_is_named(
    asked: tuple[str, str | None], serves: str, doctor: CommandLine, function: Function, objects: Objects
) -> None:
    url, project = asked
    function.run()
    login = {"username": "AWS", "password": "theirs"}
    create_secret(objects, "of-team", kind="repository", url=REGISTRY, project="team", **login)
    create_secret(objects, "short", kind="repo-creds", url=f"oci://{REGISTRY}", **login)
    create_secret(objects, "long", kind="repo-creds", url=f"oci://{REGISTRY}/charts", **login)

    done = doctor.run("doctor", "--repo-url", url, *(["--project", project] if project else []))

    assert done.stdout.startswith(f"demo: {serves.format(objects.namespace)}"), done.stderr
    assert done.returncode == (0 if serves.endswith(", of these settings") else 1)
    assert ("these settings would serve it:" in done.stdout) == serves.startswith("nothing")


@pytest.mark.parametrize("url", [REGISTRY, f"{REGISTRY}/charts", f"oci://{REGISTRY}/charts/app"])
def test_the_settings_that_are_shown_would_serve_the_url(
    url: str, doctor: CommandLine, objects: Objects, make_function: FunctionFactory, cluster: Cluster
) -> None:
    done = doctor.run("doctor", "-o", "json", "--repo-url", url, "--project", "team")
    shown = json.loads(done.stdout)
    target = {"cluster": cluster.name, "namespace": objects.namespace, **yaml.safe_load(shown["settings"])}
    function = make_function(make_settings(target))
    grant(cluster.admin, *function.targets)
    function.run()
    doctor.write_settings(target)

    assert doctor.run("doctor", "--repo-url", url, "--project", "team").returncode == 0


def test_a_url_that_is_none_of_ecrs_is_refused(doctor: CommandLine) -> None:
    done = doctor.run("doctor", "--repo-url", "https://charts.example.com")

    assert (done.returncode, done.stdout) == (2, "")
    assert "--repo-url: " in done.stderr


@pytest.fixture(scope="module")
def applications(cluster: Cluster) -> str:
    """The path of Applications, which the API server serves as it serves Argo CD's."""
    return serve_resource(
        cluster.admin, group="argoproj.io", version="v1alpha1", plural="applications", kind="Application"
    )


@pytest.mark.parametrize(
    "case",
    [
        (REGISTRY, "ComparisonError", "403: denied: Your authorization token has expired.", -1, True),
        ("https://git.example.com/a", "ComparisonError", f"{REGISTRY}/v2/: 403: Forbidden", -1, True),
        (REGISTRY, "ComparisonError", "403: denied: Your authorization token has expired.", 1, False),
        (REGISTRY, "ComparisonError", "chart not found", -1, False),
        (REGISTRY, "SyncError", "403: denied", -1, False),
        ("https://git.example.com/a", "ComparisonError", "403: Forbidden", -1, False),
    ],
)
def test_an_application_that_still_shows_a_failure_from_before_the_renewal(
    case: tuple[str, str, str, int, bool],
    doctor: CommandLine,
    function: Function,
    objects: Objects,
    applications: str,
) -> None:
    repo_url, kind, words, hours, found = case
    function.run()
    moment = datetime.now(UTC) + timedelta(hours=hours)
    condition = {"type": kind, "message": words, "lastTransitionTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}"}
    application = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "app"},
        "spec": {"source": {"repoURL": repo_url}},
        "status": {"conditions": [condition]},
    }
    path = f"{applications}/namespaces/{objects.namespace}/applications"
    status, answer = objects.admin.request("POST", path, application)
    assert status == 201, answer

    findings = [each for each in _finds(doctor, "cached-failure") if objects.namespace in each["message"]]
    objects.admin.request("DELETE", f"{path}/app")

    assert [each["remedy"] for each in findings] == (
        [
            f"kubectl -n {objects.namespace} annotate application app argocd.argoproj.io/refresh=hard --overwrite",
        ]
        if found
        else []
    )
