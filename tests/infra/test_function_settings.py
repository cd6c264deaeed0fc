"""What part of the settings reaches the function."""

import json
from typing import Any

import msgspec
import pytest

from argo_ecr_auth.core.settings import Settings, load_settings
from argo_ecr_auth_settings.function_settings import encode_function_settings
from argo_ecr_auth_settings.validation import read_settings
from tests.infra.synthesis import REGISTRY, make_content


def test_the_function_gets_its_settings_without_the_deployments() -> None:
    text = encode_function_settings(
        read_settings(make_content(targets=[{"cluster": "demo", "access": "none"}], check_every="5m"))
    )
    assert load_settings(text) == msgspec.convert(make_content(), Settings)
    assert set(json.loads(text)) == {"credentials", "renew_before", "targets"}
    assert "access" not in json.loads(text)["targets"][0]


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
        ({"repositories": ["charts/app"], "registry": None, "registries": [REGISTRY], "kind": "pull-secret"}, None),
        ({}, None),
    ],
)
def test_a_new_token_should_list_the_first_repository_that_it_may_pull(
    credential: dict[str, Any], listed: str | None
) -> None:
    credentials = [{"registry": REGISTRY, **credential}]
    for document in (
        make_content(credentials=credentials),
        make_content(targets=[{"cluster": "demo", "credentials": credentials}]),
    ):
        settings = load_settings(encode_function_settings(read_settings(document)))
        (found,) = settings.targets[0].credentials or settings.credentials[:1]
        assert found.verify_repository == listed
