"""The warnings of the synth about valid settings."""

from typing import Any

import pytest

from argo_ecr_auth_settings.validation import validate_settings
from argo_ecr_auth_settings.warnings import find_warnings
from tests.infra.synthesis import ACCOUNT, REGION, REGISTRY, make_content, make_stack

NAMED = {"registry": REGISTRY, "name": "ecr"}
OCI = {"registry": REGISTRY, "secret_name": "oci", "type": "oci"}


@pytest.mark.parametrize("key", ["account", "region"])
def test_targets_that_may_be_one_cluster_are_warned_of_until_the_function_is_located(key: str) -> None:
    own = {"account": ACCOUNT, "region": REGION}
    content = make_content(targets=[{"cluster": "demo"}, {"cluster": "demo", "name": "other", key: own[key]}])
    settings = validate_settings(content)
    elsewhere = {"account": "999999999999", "region": "eu-north-1"}

    (warning,) = find_warnings(settings)
    assert warning.startswith("targets[1]: is the cluster of targets[0], whose Secret it writes, if")
    assert find_warnings(settings, **elsewhere) == ()


def _find_warnings(*credentials: dict[str, Any]) -> tuple[str, ...]:
    return find_warnings(validate_settings(make_content(credentials=list(credentials))))


@pytest.mark.parametrize(
    "credential",
    [
        {"registry": REGISTRY, "kind": "argo-cd"},
        {"registry": REGISTRY},
        {"registry": REGISTRY, "kind": "repo-creds"},
        {"registry": REGISTRY, "kind": "repo-creds", "type": "oci"},
        {"registry": REGISTRY, "kind": "pull-secret"},
    ],
)
def test_what_keeps_the_token_at_its_registry_is_not_warned_about(credential: dict[str, Any]) -> None:
    assert _find_warnings(credential) == ()


@pytest.mark.parametrize(
    ("credential", "what"), [(NAMED, "a repository with a name"), (OCI, "a repository of type oci")]
)
def test_what_lets_the_token_leave_is_warned_about_with_the_safe_setting(credential: dict[str, Any], what: str) -> None:
    (warning,) = _find_warnings(credential)
    assert warning.startswith(f"credentials[0]: {what} lets Argo CD send the token to hosts that only look like")
    assert "Use kind: argo-cd instead" in warning


def test_many_credentials_are_warned_about_once() -> None:
    credentials = [{**NAMED, "secret_name": f"ecr-{i}"} for i in range(7)]
    (warning,) = _find_warnings(*credentials)
    assert "credentials[4] and 2 more: " in warning


def test_the_synth_warns() -> None:
    stack = make_stack(make_content(credentials=[NAMED, OCI]))
    entries = [entry for construct in stack.node.find_all() for entry in construct.node.metadata]
    warnings = [str(entry.data) for entry in entries if entry.type == "aws:cdk:warning"]
    assert len([warning for warning in warnings if "Use kind: argo-cd instead" in warning]) == 2
