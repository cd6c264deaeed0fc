"""Whether somebody's words hold something of a secret, in whatever form."""

import base64
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo_ecr_auth.core.redaction import reveals

SECRET = b"planted-password-0123456789"
AROUND = "denied: {} is not allowed"
FORMS = {
    "as it is": SECRET.decode(),
    "a part of it": SECRET.decode()[5:16],
    "upper case": SECRET.decode().upper(),
    "wrapped": "\n".join(textwrap.wrap(SECRET.decode(), 5)),
    "with other punctuation": SECRET.decode().replace("-", "_"),
    "base64": base64.b64encode(SECRET).decode(),
    "base64 with AWS before it": base64.b64encode(b"AWS:" + SECRET).decode(),
    "base64 with one byte before it": base64.b64encode(b"x" + SECRET + b"yz").decode(),
    "base64 with two bytes before it": base64.b64encode(b"xy" + SECRET + b"z").decode(),
    "wrapped base64": "\n".join(textwrap.wrap(base64.b64encode(SECRET).decode(), 7)),
    "base64 for URLs": base64.urlsafe_b64encode(b"\xff\xfe" + SECRET).decode(),
    "hex": SECRET.hex(),
    "hex with colons": SECRET.hex(":").upper(),
}


@pytest.mark.parametrize("form", FORMS)
def test_words_that_hold_a_secret_in_any_form_reveal_it(form: str) -> None:
    assert reveals(AROUND.format(FORMS[form]), [b"other", SECRET])


@pytest.mark.parametrize("secret", [b"1234", b"a", b"s3cret"])
def test_a_short_secret_is_found_as_a_whole(secret: bytes) -> None:
    assert reveals(f"pin {secret.decode()} is weak", [secret])


@pytest.mark.parametrize("secrets", [[], [b""], [SECRET], [b"\xff\xfe\xfd"]])
def test_other_words_reveal_nothing(secrets: list[bytes]) -> None:
    assert not reveals('admission webhook "policy.example" denied the request: the label team is required', secrets)


@given(
    secret=st.binary(min_size=16), before=st.binary(max_size=5), after=st.binary(max_size=5), width=st.integers(4, 76)
)
def test_no_base64_of_a_secret_passes(secret: bytes, before: bytes, after: bytes, width: int) -> None:
    encoded = base64.b64encode(before + secret + after).decode()
    letters = sum(character.isalnum() for character in base64.b64encode(secret).decode())
    # A secret whose base64 is nearly all + and / has no letters to recognise it by.
    if letters > len(base64.b64encode(secret)) * 0.8:
        assert reveals("\n".join(textwrap.wrap(encoded, width)), [secret])
