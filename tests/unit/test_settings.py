"""Settings: what the types refuse."""

import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo_ecr_auth_settings.settings import Settings, parse_duration
from tests.unit.builders import HOST, OTHER_HOST, settings

ROLE = "arn:aws:iam::123456789012:role/path/reader"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def _with_target(**keys: Any) -> Settings:
    return settings(targets=[{"cluster": "demo"} | keys])


def _with_credential(**keys: Any) -> Settings:
    return settings(credentials=[{"registry": HOST} | keys])


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        ({"cluster": None}, "cluster"),
        ({"cluster": ""}, "cluster"),
        ({"cluster": "arn:aws:eks:eu-west-1:123456789012:cluster/demo"}, "cluster"),
        ({"cluster": "-demo"}, "cluster"),
        ({"cluster": "d" * 101}, "cluster"),
        ({"name": "a b"}, "name"),
        ({"name": ""}, "name"),
        ({"region": "Ireland"}, "region"),
        ({"region": "eu-west-1a"}, "region"),
        ({"account": 123456789012}, "account"),
        ({"account": "12345"}, "account"),
        ({"namespace": None}, "namespace"),
        ({"namespace": "Argocd"}, "namespace"),
        ({"namespace": "argo.cd"}, "namespace"),
        ({"namespace": "n" * 64}, "namespace"),
        ({"enabled": "no"}, "enabled"),
        ({"enabled": 0}, "enabled"),
        ({"endpoint": "http://demo.example"}, "endpoint"),
        ({"endpoint": "demo.example"}, "endpoint"),
        ({"endpoint": "https://demo.example/"}, "endpoint"),
        ({"endpoint": "https://user:pass@demo.example"}, "endpoint"),
        ({"endpoint": "https://[::1"}, "endpoint"),
        ({"endpoint": "https://demo.example:0"}, "endpoint"),
        ({"endpoint": "https://demo.example:65536"}, "endpoint"),
        ({"endpoint": "https://demo..example"}, "endpoint"),
        ({"endpoint": "https://demo.example?a"}, "endpoint"),
        ({"role_arn": "reader"}, "role_arn"),
        ({"role_arn": "arn:aws:iam::123456789012:user/reader"}, "role_arn"),
        ({"role_arn": ROLE, "external_id": "x"}, "external_id"),
        ({"role_arn": ROLE, "external_id": "with space"}, "external_id"),
        ({"credentials": {"registry": HOST}}, "credentials"),
        ({"credentials": None}, "credentials"),
        ({"credentials": [HOST]}, "credentials"),
    ],
)
def test_a_target_of_wrong_form_is_refused_with_its_path(keys: dict[str, Any], path: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=rf"\$\.targets\[0\]\.{path}"):
        _with_target(**keys)


@pytest.mark.parametrize("endpoint", ["https://[fd00::1]:6443", "https://10.0.0.1", "https://a-b.example:65535"])
def test_an_endpoint_may_have_a_port_or_be_an_address(endpoint: str) -> None:
    assert _with_target(endpoint=endpoint).targets[0].endpoint == endpoint


def test_a_name_may_have_spaces() -> None:
    assert settings(credentials=[{"registry": HOST, "name": "Our charts"}]).credentials[0].name == "Our charts"


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        ({"registry": 5}, "registry"),
        ({"registry": None}, "registry"),
        ({"registry": []}, "registry"),
        ({"registry": [HOST, 5]}, "registry"),
        ({"namespace": []}, "namespace"),
        ({"namespace": ["team-a", "Argocd"]}, "namespace"),
        ({"kind": "docker"}, "kind"),
        ({"kind": None}, "kind"),
        ({"type": "git"}, "type"),
        ({"type": ""}, "type"),
        ({"url": ""}, "url"),
        ({"url": f"https://{HOST}"}, "url"),
        ({"url": f"{HOST}//"}, "url"),
        ({"url": f"{HOST}/charts//"}, "url"),
        ({"proxy": "proxy:3128"}, "proxy"),
        ({"proxy": "http://user:pass@proxy:3128"}, "proxy"),
        ({"proxy": "http://proxy:99999"}, "proxy"),
        ({"proxy": "http://[::1"}, "proxy"),
        ({"no_proxy": ""}, "no_proxy"),
        ({"url": f"{HOST}/Charts"}, "url"),
        ({"url": f"{HOST}/a b"}, "url"),
        ({"url": f"user@{HOST}"}, "url"),
        ({"url": f"{HOST}:443"}, "url"),
        ({"url": f"{HOST}?a"}, "url"),
        ({"name": ""}, "name"),
        ({"name": "n" * 254}, "name"),
        ({"name": "\x1b[31mecr"}, "name"),
        ({"name": "e\u2028cr"}, "name"),
        ({"name": "e\x7f"}, "name"),
        ({"project": ""}, "project"),
        ({"project": "p" * 254}, "project"),
        ({"project": "p\rq"}, "project"),
        ({"no_proxy": "a\x00b"}, "no_proxy"),
        ({"no_proxy": "n" * 4_097}, "no_proxy"),
        ({"verify": "on"}, "verify"),
        ({"verify": False}, "verify"),
        ({"verify_repository": ""}, "verify_repository"),
        ({"verify_repository": "/charts"}, "verify_repository"),
        ({"verify_repository": "charts/"}, "verify_repository"),
        ({"verify_repository": "Charts"}, "verify_repository"),
        ({"verify_repository": "charts:1"}, "verify_repository"),
        ({"verify_repository": "charts?n=1"}, "verify_repository"),
        ({"namespace": "Argocd"}, "namespace"),
        ({"secret_name": ""}, "secret_name"),
        ({"secret_name": "Ecr"}, "secret_name"),
        ({"secret_name": "ecr_auth"}, "secret_name"),
        ({"secret_name": "../ecr"}, "secret_name"),
        ({"secret_name": "ecr."}, "secret_name"),
        ({"secret_name": "s" * 254}, "secret_name"),
        ({"role_arn": "reader"}, "role_arn"),
        ({"external_id": ""}, "external_id"),
    ],
)
def test_a_credential_of_wrong_form_is_refused_with_its_path(keys: dict[str, Any], path: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=rf"\$\.credentials\[0\]\.{path}"):
        _with_credential(**keys)


@pytest.mark.parametrize("text", ["", "6", "h", "6 h", "6H", "1.5h", "-6h", "30m6h", "6h6h", "1d", "\u0666h"])
def test_a_duration_of_wrong_form_is_refused(text: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"\$\.renew_before"):
        settings(renew_before=text)


@pytest.mark.parametrize(
    "document",
    [
        {"targets": [{"cluster": "demo"}], "architectur": "arm64"},
        {"targets": [{"cluster": "demo", "clutser": "demo"}]},
        {"targets": [], "credentials": [{"registry": HOST, "password": "x"}]},
    ],
)
def test_an_unknown_key_is_refused(document: Any) -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.json.decode(json.dumps(document).encode(), type=Settings)


@pytest.mark.parametrize(
    "document",
    [{"targets": [{}]}, {"targets": [], "credentials": [{"kind": "pull-secret"}]}],
    ids=["cluster", "registry"],
)
def test_a_missing_key_is_refused(document: Any) -> None:
    with pytest.raises(msgspec.ValidationError, match="missing required field"):
        msgspec.json.decode(json.dumps(document).encode(), type=Settings)


@given(JSON.filter(lambda document: document != {}))
def test_any_json_is_settings_or_refused(document: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(json.dumps(document).encode(), type=Settings)


@given(st.binary())
def test_any_bytes_are_settings_or_refused(text: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(text, type=Settings)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("2m", timedelta(minutes=2)),
        ("6h", timedelta(hours=6)),
        ("1h30m", timedelta(hours=1, minutes=30)),
        ("1h2m3s", timedelta(hours=1, minutes=2, seconds=3)),
        ("90m", timedelta(hours=1, minutes=30)),
        ("007s", timedelta(seconds=7)),
    ],
)
def test_a_duration_is_the_sum_of_its_parts(text: str, span: timedelta) -> None:
    assert parse_duration(text) == span


# What the keys stand for


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, ["ecr repository helm"]),
        ({"type": "oci"}, ["ecr repository oci"]),
        ({"kind": "argo-cd"}, ["ecr repository helm", "ecr-helm repo-creds helm", "ecr-oci repo-creds oci"]),
        ({"kind": "repo-creds"}, ["ecr repo-creds helm", "ecr-oci repo-creds oci"]),
        ({"kind": "repo-creds", "type": "helm"}, ["ecr repo-creds helm"]),
        ({"kind": "repo-creds", "type": "oci"}, ["ecr repo-creds oci"]),
        ({"kind": "pull-secret"}, ["ecr pull-secret None"]),
    ],
)
def test_a_credential_stands_for_these_secrets(keys: dict[str, Any], expected: list[str]) -> None:
    secrets = _with_credential(secret_name="ecr", **keys).credentials[0].secrets
    assert [f"{secret.name} {secret.kind} {secret.type}" for secret in secrets] == expected


@pytest.mark.parametrize(
    ("keys", "hosts"),
    [
        ({"registry": HOST}, (HOST,)),
        ({"registry": [HOST]}, (HOST,)),
        ({"registry": [OTHER_HOST, HOST]}, (OTHER_HOST, HOST)),
    ],
)
def test_the_hosts_are_the_one_value_or_the_list(keys: dict[str, Any], hosts: tuple[str, ...]) -> None:
    assert settings(credentials=[keys]).credentials[0].hosts == hosts
