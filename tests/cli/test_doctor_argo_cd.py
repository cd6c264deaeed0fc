"""What doctor says of other Secrets that Argo CD may use instead."""

from typing import Any

import pytest

from tests.cli.command_line import CommandLine
from tests.cli.doctor import create_secret, run_doctor
from tests.support.function import REGISTRY
from tests.support.objects import Objects


@pytest.mark.parametrize(
    ("credential", "theirs"),
    [
        ({}, {"kind": "repository", "url": REGISTRY.upper()}),
        ({}, {"kind": "repository", "url": f"{REGISTRY}.git", "password": "old"}),
        ({"type": "oci"}, {"kind": "repository", "url": f"oci://{REGISTRY}", "password": "old"}),
        ({"project": "a"}, {"kind": "repository", "url": REGISTRY, "project": "a"}),
        ({}, {"kind": "repository", "url": REGISTRY, "project": "a"}),
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
