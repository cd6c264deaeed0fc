"""What `which` says of a URL: the Secret that serves it, or the settings that would."""

import json

import pytest
import yaml

from argo_ecr_auth_cli.commands.which import format_settings
from tests.cli.command_line import CommandLine
from tests.cli.doctor import create_secret
from tests.support.function import REGISTRY, FunctionFactory, grant, make_settings
from tests.support.objects import Objects


def test_the_secret_that_serves_a_url_is_named(fresh: CommandLine, objects: Objects) -> None:
    login = {"username": "AWS", "password": "theirs"}
    create_secret(objects, "of-team", kind="repository", url=REGISTRY, project="team", **login)
    create_secret(objects, "short", kind="repo-creds", url=f"oci://{REGISTRY}", **login)
    create_secret(objects, "long", kind="repo-creds", url=f"oci://{REGISTRY}/charts", **login)

    of_team = ["--project", "team", "demo"]
    for asked, serves in (
        ([REGISTRY], "the repository {}/ecr-auth serves it, from these settings"),
        ([REGISTRY, *of_team], "the repository {}/of-team serves it, which is not from these settings"),
        ([f"oci://{REGISTRY}/charts/app"], "the repo-creds {}/long serves it, which is not from these settings"),
        ([f"oci://{REGISTRY}/other"], "the repo-creds {}/short serves it, which is not from these settings"),
        ([f"{REGISTRY}/charts"], "nothing in the namespace {} serves it"),
    ):
        done = fresh.run("which", *asked)

        assert done.stdout.startswith(f"demo: {serves.format(objects.namespace)}"), done.stderr
        assert done.returncode == (0 if serves.endswith(", from these settings") else 1)
        assert ("these settings would serve it:" in done.stdout) == serves.startswith("nothing")


def test_all_that_the_kind_argo_cd_serves(all_of_argo_cd: CommandLine, objects: Objects) -> None:
    for url, secret in {
        REGISTRY: "the repository {}/ecr-auth",
        f" {REGISTRY.upper()}.git": "the repository {}/ecr-auth",
        f"{REGISTRY}/charts": "the repo-creds {}/ecr-auth-helm",
        f"oci://{REGISTRY.upper()}/charts/app": "the repo-creds {}/ecr-auth-oci",
    }.items():
        done = all_of_argo_cd.run("which", url)

        assert done.stdout == f"demo: {secret.format(objects.namespace)} serves it, from these settings\n"
        assert done.returncode == 0


def test_the_host_of_an_oci_url_is_served_by_nothing_that_is_safe(
    all_of_argo_cd: CommandLine, objects: Objects
) -> None:
    url = f"oci://{REGISTRY}"
    done = all_of_argo_cd.run("which", url)
    answer = json.loads(all_of_argo_cd.run("which", url, "-o", "json").stdout)

    nothing, advice = done.stdout.splitlines()
    assert nothing == f"demo: nothing in the namespace {objects.namespace} serves it"
    assert advice == f"no settings would serve it: use {url}/PREFIX, and push the charts below a prefix"
    assert (done.returncode, answer["settings"]) == (1, None)


_URLS = [
    REGISTRY,
    f"{REGISTRY}/charts",
    f"{REGISTRY}/a_b/c.d",
    f"oci://{REGISTRY}/my_team/app",
    f"oci://{REGISTRY}/charts/app",
]


@pytest.mark.parametrize("asked", [[url, *project] for url in _URLS for project in ([], ["--project", "team"])])
def test_the_settings_that_are_shown_would_serve_the_url_and_are_safe(
    asked: list[str], doctor: CommandLine, objects: Objects, make_function: FunctionFactory
) -> None:
    done = doctor.run("which", "-o", "json", *asked)
    shown = json.loads(done.stdout)
    target = {"cluster": "demo", "namespace": objects.namespace, **yaml.safe_load(shown["settings"])}
    function = make_function(make_settings(target))
    grant(objects.admin, *function.targets)
    function.run()
    doctor.write_settings(target)

    assert doctor.run("which", *asked).returncode == 0
    assert doctor.run("settings", "check").stderr == ""


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (f"https://{REGISTRY}/charts", f"over https://; write {REGISTRY}/charts or oci://{REGISTRY}/charts"),
        (f"HTTP://{REGISTRY}", f"over http://; write {REGISTRY} or oci://{REGISTRY}"),
        (f"{REGISTRY}/team/", f"a slash at the end; write {REGISTRY}/team"),
        (f"{REGISTRY}/", f"a slash at the end; write {REGISTRY}"),
        (f"oci://{REGISTRY}/team/app/", f"write oci://{REGISTRY}/team/app"),
        (f"{REGISTRY}/Charts", f"in lower case; write {REGISTRY}/charts"),
        (f"{REGISTRY}/a//b", "'a//b' is not a valid ECR repository name"),
        (f"oci://{REGISTRY}/-a", "'-a' is not a valid ECR repository name"),
        (f"{REGISTRY}/a\u2011b", "'a\\u2011b' is not a valid ECR repository name"),
    ],
)
def test_a_url_with_which_argo_cd_fails_is_refused_with_the_right_one(
    url: str, reason: str, offline: CommandLine
) -> None:
    done = offline.run("which", url, "--cluster", "x", "--registry", REGISTRY)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.rstrip().endswith(reason)


def test_two_urls_of_one_path_get_secrets_of_different_names() -> None:
    shown = [format_settings(url, project="a") or "" for url in (f"{REGISTRY}/x", f"oci://{REGISTRY}/x")]

    first, second = (yaml.safe_load(text)["credentials"][0] for text in shown)
    assert first.get("secret_name") != second.get("secret_name")
