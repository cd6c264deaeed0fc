"""Settings: what the types refuse."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from argo_ecr_auth_settings.settings import Settings, parse_duration
from tests.unit.builders import HOST, settings

ROLE = "arn:aws:iam::123456789012:role/path/reader"
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
