"""Whether words of somebody else's hold something of a Secret, in any form that gives it away."""

import base64
import re
from collections.abc import Iterable

_MAX_SECRETS = 64 * 1024  # bytes; to look for more would take seconds
_WINDOW = 8
"""So many letters and digits in a row that a text shares with a secret give some of it away."""

_NOT_ALPHANUMERIC = re.compile("[^a-z0-9]+")


def reveals(text: str, secrets: Iterable[bytes]) -> bool:
    """Whether the text holds a part of a secret: as it is, in base64 (also of something around it), or in hex.

    Case, line breaks and punctuation do not count. A secret shorter than a window is looked for as a whole. Any text
    may reveal secrets that are too large to look for.
    """
    secrets = list(secrets)
    if sum(map(len, secrets)) > _MAX_SECRETS:
        return True
    squeezed = _squeeze(text)
    windows = {squeezed[i : i + _WINDOW] for i in range(len(squeezed) - _WINDOW + 1)}
    return any(_shares(form, squeezed, windows) for secret in secrets for form in _forms(secret))


def _shares(form: str, squeezed: str, windows: set[str]) -> bool:
    if len(form) < _WINDOW:
        return bool(form) and form in squeezed
    return any(form[i : i + _WINDOW] in windows for i in range(len(form) - _WINDOW + 1))


def _forms(secret: bytes) -> Iterable[str]:
    yield _squeeze(secret.decode(errors="ignore"))
    yield secret.hex()
    for before in range(3):
        # In the base64 of a text that it is a part of, a secret begins at one of three places of a group.
        encoded = base64.b64encode(bytes(before) + secret).decode().rstrip("=")
        yield _squeeze(encoded[_BASE64_START[before] : len(encoded) - 1])


_BASE64_START = (0, 2, 3)  # the first character that depends on nothing but the secret


def _squeeze(text: str) -> str:
    return _NOT_ALPHANUMERIC.sub("", text.lower())
