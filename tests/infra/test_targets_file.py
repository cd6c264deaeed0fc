"""The function's targets.json: the settings with every default filled in, without those of the deployment."""

from datetime import timedelta
from typing import Any

import pytest

from argo_ecr_auth.core.targets import load_configuration
from argo_ecr_auth_settings.resolve import format_targets_file, resolve_targets
from argo_ecr_auth_settings.validation import validate_settings
from tests.infra.synthesis import REGISTRY, make_content

OTHER = "333333333333.dkr.ecr.eu-west-1.amazonaws.com"
ROLE = "arn:aws:iam::222222222222:role/reader"


def _complete(credential: dict[str, Any]) -> dict[str, Any]:
    return {"registry": REGISTRY, **credential}


@pytest.mark.parametrize(
    "credential",
    [
        {"kind": "argo-cd", "proxy": "http://proxy:3128"},
        {"kind": "repo-creds", "labels": {"team": "a"}, "annotations": {"note": "b"}},
        {"name": "ecr", "project": "team-a", "role_arn": ROLE, "external_id": "who"},
        {"kind": "pull-secret", "registry": [REGISTRY, OTHER, "public.ecr.aws"]},
        {"verify": "off", "namespace": ["a", "b"]},
    ],
)
def test_the_function_loads_what_the_settings_are_resolved_to(credential: dict[str, Any]) -> None:
    settings = validate_settings(make_content(credentials=[_complete(credential)], renew_before="5h"))
    text = format_targets_file(settings, region="eu-west-1")

    loaded = load_configuration(text, region="eu-west-1", function_role_id=None)

    expected = resolve_targets(settings, region="eu-west-1")
    assert loaded.targets == expected
    assert list(map(hash, loaded.targets)) == list(map(hash, expected))
    assert loaded.renew_before == timedelta(hours=5)


def test_a_region_that_is_not_known_at_synth_is_the_functions_own() -> None:
    targets = [{"cluster": "here"}, {"cluster": "there", "region": "us-east-1"}]
    text = format_targets_file(validate_settings(make_content(targets=targets)), region=None)
    loaded = load_configuration(text, region="eu-north-1", function_role_id=None)
    assert [target.region for target in loaded.targets] == ["eu-north-1", "us-east-1"]


def test_a_credential_without_a_role_is_of_the_functions_role() -> None:
    credentials = [_complete({}), _complete({"secret_name": "assumed", "role_arn": ROLE})]
    text = format_targets_file(validate_settings(make_content(credentials=credentials)))
    (target,) = load_configuration(text, region="eu-west-1", function_role_id="AROAX").targets
    assert [credential.role_id for credential in target.credentials] == ["AROAX", None]


def test_a_key_of_the_deployment_does_not_change_the_file() -> None:
    targets = [{"cluster": "demo", "access": "none"}]
    deployed = validate_settings(make_content(targets=targets, monitoring=False))
    assert format_targets_file(deployed) == format_targets_file(validate_settings(make_content()))


@pytest.mark.parametrize(
    ("credential", "listed"),
    [
        ({"repositories": ["charts/*", "charts/app", "charts/other"]}, "charts/app"),
        ({"repositories": ["charts/app"], "verify_repository": "charts/mine"}, "charts/mine"),
        ({"repositories": ["charts/*", "charts/app?"]}, None),
        ({"repositories": ["charts//app", "charts-"]}, None),
        ({"repositories": ["charts/app"], "verify": "off"}, None),
        ({"repositories": ["docker-hub/app"], "pull_through_cache": True}, None),
        ({"repositories": ["alias/app"], "registry": "public.ecr.aws"}, None),
        ({"repositories": ["charts/app"], "registry": [REGISTRY, OTHER], "kind": "pull-secret"}, None),
        ({}, None),
    ],
)
def test_a_new_token_should_list_the_first_repository_that_it_may_pull(
    credential: dict[str, Any], listed: str | None
) -> None:
    settings = validate_settings(make_content(credentials=[_complete(credential)]))
    (target,) = resolve_targets(settings, region="eu-west-1")
    assert target.credentials[0].verify_repository == listed
