"""Escapes the characters outside of ASCII in a message, and names those that look like others or like nothing."""

import re
import unicodedata

_MAX_NAMED = 3
_ESCAPE = re.compile(r"\\(?:x([89a-f][0-9a-f])|u([0-9a-f]{4})|U([0-9a-f]{8}))")
_MEANT = {"Pd": "-", "Zs": "a space", "Zl": "a line break", "Zp": "a line break", "Pi": "a quote", "Pf": "a quote"}
"""By Unicode's general category."""


def escape_characters(text: str) -> str:
    """The text in ASCII, with the names of what it and `repr` escaped: `... is not allowed (U+2011 is not -)`."""
    escaped = text.encode("ascii", "backslashreplace").decode()
    codes = dict.fromkeys(int("".join(groups), 16) for groups in _ESCAPE.findall(escaped))
    names = [f"U+{code:04X} is {_describe(chr(code))}" for code in list(codes)[:_MAX_NAMED]]
    return f"{escaped} ({', '.join(names)})" if names else escaped


def _describe(character: str) -> str:
    category = unicodedata.category(character)
    similar = unicodedata.normalize("NFKC", character)
    if category == "Cf":
        return "invisible"
    if meant := _MEANT.get(category):
        return f"not {meant}"
    if similar.isascii() and similar.isprintable():
        return f"not {similar}"
    return unicodedata.name(character, "not a character")
