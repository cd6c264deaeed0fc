"""ECR's authorization token: what is in it, what is refused, and that it shows nowhere."""

import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo_ecr_auth.core.authorization_token import MalformedTokenError, parse_authorization_token
from tests.unit.builders import NOW, PASSWORD, b64, token


def test_the_password_is_what_follows_the_user_name() -> None:
    assert parse_authorization_token(b64("AWS:a:b=="), expires_at=NOW).password == "a:b=="


def test_the_expiry_is_the_given_one() -> None:
    assert parse_authorization_token(b64("AWS:x"), expires_at=NOW).expires_at == NOW


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not of the form AWS:PASSWORD"),
        ("not base64!", "not base64 of text"),
        ("QVdTOng", "not base64 of text"),
        (f"{b64('AWS:x')}\n", "not base64 of text"),
        (b64(b"AWS:\xff\xfe"), "not base64 of text"),
        ("é", "not base64 of text"),
        ("tökén", "not base64 of text"),
        (b64("AWS"), "not of the form AWS:PASSWORD"),
        (b64("AWS:"), "not of the form AWS:PASSWORD"),
        (b64(":x"), "not of the form AWS:PASSWORD"),
        (b64("aws:x"), "not of the form AWS:PASSWORD"),
        (b64("AWS:x\n"), "not of the form AWS:PASSWORD"),
        (b64("AWS: x"), "not of the form AWS:PASSWORD"),
    ],
)
def test_a_token_of_another_form_is_refused(text: str, said: str) -> None:
    with pytest.raises(MalformedTokenError, match=f"{said}$"):
        parse_authorization_token(text, expires_at=NOW)


@pytest.mark.parametrize("text", [PASSWORD, b64(PASSWORD), b64(f"AWS:{PASSWORD}\n"), b64(PASSWORD.encode() + b"\xff")])
def test_a_refused_token_is_in_no_traceback(text: str) -> None:
    with pytest.raises(MalformedTokenError) as refused:
        parse_authorization_token(text, expires_at=NOW)
    shown = "".join(traceback.format_exception(refused.value))
    assert text not in shown
    assert PASSWORD not in shown


@given(st.text(st.characters(max_codepoint=127)))
def test_any_text_is_a_token_or_refused(text: str) -> None:
    try:
        password = parse_authorization_token(text, expires_at=NOW).password
    except MalformedTokenError:
        return
    assert password == password.strip() != ""


def test_a_token_does_not_show_its_password() -> None:
    assert PASSWORD not in repr(token())
