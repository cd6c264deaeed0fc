"""The two objects, exactly as users and the original tool know them."""

import base64
from datetime import UTC, datetime

import pytest

from argo_ecr_auth.authorization_token import AuthorizationToken, fingerprint
from argo_ecr_auth.manifests import config_map_manifest, rfc3339, secret_manifest
from tests.unit.builders import HOST, PASSWORD, credential

TOKEN = AuthorizationToken(password=PASSWORD, expires_at=datetime(2026, 11, 24, 4, 55, 22, 999_999, tzinfo=UTC))
DATA = secret_manifest(credential(), TOKEN)["data"]


def test_the_secret_has_the_shape_that_argo_cd_reads() -> None:
    manifest = secret_manifest(credential(), TOKEN)
    decoded = {key: base64.b64decode(value).decode() for key, value in manifest["data"].items()}
    assert {**manifest, "data": decoded} == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "namespace": "argocd",
            "name": "ecr-auth",
            "labels": {"argocd.argoproj.io/secret-type": "repository"},
        },
        "type": "Opaque",
        "data": {
            "url": HOST,
            "name": "ecr",
            "type": "helm",
            "enableOCI": "true",
            "username": "AWS",
            "password": PASSWORD,
        },
    }


def test_the_config_map_has_the_shape_of_the_original_tool() -> None:
    assert config_map_manifest(credential(), TOKEN) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "namespace": "argocd",
            "name": "ecr-auth",
            "labels": {"argo-ecr-auth": "managed-resource"},
            "annotations": {
                "argo-ecr-auth/password-fingerprint": fingerprint(PASSWORD.encode()),
                "argo-ecr-auth/expires-at": "2026-11-24T04:55:22Z",
            },
        },
        "data": {"expireyTime": "2026-11-24T04:55:22Z", "name": HOST},
    }


@pytest.mark.parametrize("key", DATA)
def test_no_value_has_white_space_around_it(key: str) -> None:
    value = base64.b64decode(DATA[key], validate=True)
    assert value == value.strip() != b""


def test_the_encoding_has_no_line_breaks_however_long_the_token() -> None:
    long = AuthorizationToken(password="x" * 5000, expires_at=TOKEN.expires_at)
    assert "\n" not in secret_manifest(credential(), long)["data"]["password"]


def test_both_objects_carry_the_secret_name() -> None:
    named = credential(secret_name="other")
    names = [make(named, TOKEN)["metadata"]["name"] for make in (secret_manifest, config_map_manifest)]
    assert names == ["other", "other"]


def test_the_config_map_does_not_hold_the_password() -> None:
    shown = repr(config_map_manifest(credential(), TOKEN))
    assert PASSWORD not in shown
    assert base64.b64encode(PASSWORD.encode()).decode() not in shown


def test_a_time_is_written_to_the_second_and_never_later_than_it_is() -> None:
    assert rfc3339(TOKEN.expires_at) == "2026-11-24T04:55:22Z"
