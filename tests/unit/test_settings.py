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


# Values that the type of a target's key refuses.
TARGETS: dict[str, list[Any]] = {
    "cluster": [None, "", "arn:aws:eks:eu-west-1:123456789012:cluster/demo", "-demo", "d" * 101, "demo\n"],
    "name": ["a b", "", "x\n"],
    "region": ["Ireland", "eu-west-1a", "eu-west-1\n"],
    "account": [123456789012, "12345", "123456789012\n"],
    "namespace": [None, "Argocd", "argo.cd", "n" * 64, "argocd\n"],
    "enabled": ["no", 0],
    "endpoint": [
        *("http://demo.example", "demo.example", "https://demo.example/", "https://user:pass@demo.example"),
        *("https://[::1", "https://demo.example:0", "https://demo.example:65536", "https://demo..example"),
        *("https://demo.example?a", "https://x\n"),
    ],
    "role_arn": ["reader", "arn:aws:iam::123456789012:user/reader", f"{ROLE}\n"],
    "external_id": ["x", "with space", "ab\n"],
    "credentials": [{"registry": HOST}, None, [HOST]],
}
# And a credential's.
CREDENTIALS: dict[str, list[Any]] = {
    "registry": [5, None, [], [HOST, 5]],
    "namespace": [[], ["team-a", "Argocd"], "Argocd"],
    "kind": ["docker", None],
    "type": ["git", ""],
    "url": [
        *("", f"https://{HOST}", f"{HOST}//", f"{HOST}/charts//", f"{HOST}/Charts", f"{HOST}/a b", f"user@{HOST}"),
        *(f"{HOST}:443", f"{HOST}?a", f"{HOST}/charts\n"),
    ],
    "proxy": ["proxy:3128", "http://user:pass@proxy:3128", "http://proxy:99999", "http://[::1"],
    "no_proxy": ["", "a\x00b", "n" * 4_097],
    "name": ["", "n" * 254, "\x1b[31mecr", "e\u2028cr", "e\x7f"],
    "project": ["", "p" * 254, "p\rq"],
    "verify": ["on", False],
    "verify_repository": ["", "/charts", "charts/", "Charts", "charts:1", "charts?n=1", "charts\n"],
    "secret_name": ["", "Ecr", "ecr_auth", "../ecr", "ecr.", "s" * 254, "ecr-auth\n"],
    "role_arn": ["reader"],
    "external_id": [""],
}


def _each_value(table: dict[str, list[Any]]) -> pytest.MarkDecorator:
    rows = [pytest.param(key, value, id=f"{key}={value!r:.40}") for key, values in table.items() for value in values]
    return pytest.mark.parametrize(("key", "value"), rows)


def _with_target(**keys: Any) -> Settings:
    return settings(targets=[{"cluster": "demo"} | keys])


def _with_credential(**keys: Any) -> Settings:
    return settings(credentials=[{"registry": HOST} | keys])


@_each_value(TARGETS)
def test_a_target_of_wrong_form_is_refused_with_its_path(key: str, value: Any) -> None:
    with pytest.raises(msgspec.ValidationError, match=rf"\$\.targets\[0\]\.{key}"):
        _with_target(**{key: value})


@pytest.mark.parametrize("endpoint", ["https://[fd00::1]:6443", "https://10.0.0.1", "https://a-b.example:65535"])
def test_an_endpoint_may_have_a_port_or_be_an_address(endpoint: str) -> None:
    assert _with_target(endpoint=endpoint).targets[0].endpoint == endpoint


def test_a_name_may_have_spaces() -> None:
    assert settings(credentials=[{"registry": HOST, "name": "Our charts"}]).credentials[0].name == "Our charts"


@_each_value(CREDENTIALS)
def test_a_credential_of_wrong_form_is_refused_with_its_path(key: str, value: Any) -> None:
    with pytest.raises(msgspec.ValidationError, match=rf"\$\.credentials\[0\]\.{key}"):
        _with_credential(**{key: value})


DURATIONS = ["", "6", "h", "6 h", "6H", "1.5h", "-6h", "30m6h", "6h6h", "1d", "\u0666h", "6h\n"]
ABSURD_DURATIONS = ["99999999999h", "9" * 20 + "s", pytest.param("9" * 5000 + "h", id="5000 digits")]


@pytest.mark.parametrize("text", [*DURATIONS, *ABSURD_DURATIONS])
def test_a_duration_of_wrong_form_is_refused(text: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"\$\.renew_before"):
        settings(renew_before=text)


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ({"targets": [{"cluster": "demo"}], "architectur": "arm64"}, "unknown field"),
        ({"targets": [{"cluster": "demo", "clutser": "demo"}]}, "unknown field"),
        ({"targets": [], "credentials": [{"registry": HOST, "password": "x"}]}, "unknown field"),
        ({"targets": [{}]}, "missing required field"),
        ({"targets": [], "credentials": [{"kind": "pull-secret"}]}, "missing required field"),
    ],
)
def test_an_unknown_or_missing_key_is_refused(document: Any, fault: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=fault):
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
