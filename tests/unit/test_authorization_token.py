"""ECR's authorization token: what is in it, what is refused, and that it shows nowhere."""

import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo_ecr_auth.core.authorization_token import MalformedTokenError, parse_authorization_token
from tests.unit.builders import NOW, PASSWORD, b64, token


def test_the_password_is_what_follows_the_user_name_and_the_expiry_the_given_one() -> None:
    read = parse_authorization_token(b64("AWS:a:b=="), expires_at=NOW)
    assert (read.password, read.expires_at) == ("a:b==", NOW)


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
        (PASSWORD, "not base64 of text"),
        (b64(PASSWORD), "not of the form AWS:PASSWORD"),
        (b64(f"AWS:{PASSWORD}\n"), "not of the form AWS:PASSWORD"),
        (b64(PASSWORD.encode() + b"\xff"), "not base64 of text"),
    ],
)
def test_a_token_of_another_form_is_refused_and_in_no_traceback(text: str, said: str) -> None:
    with pytest.raises(MalformedTokenError, match=f"{said}$") as refused:
        parse_authorization_token(text, expires_at=NOW)
    shown = "".join(traceback.format_exception(refused.value))
    assert not text or text not in shown
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
