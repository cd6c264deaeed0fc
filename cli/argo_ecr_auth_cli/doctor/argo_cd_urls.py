"""Normalizes URLs as Argo CD does before it compares them (argo-cd, util/git/git.go; Go's net/url)."""

import re
from urllib.parse import quote, unquote_to_bytes

_SPACE = " \t\n\v\f\r\x85\xa0"
_SSH = re.compile(r"(ssh://)?[^/:]*@[^@]+")
_PARTS = re.compile(r"(?:([a-z][a-z0-9+.-]*):)?(//(?!/)[^/?]*|//(?=/))?([^?]*)(\?.*)?", re.DOTALL)
_AUTHORITY = re.compile(
    r"//(?:[\w.~!$&'()*+,;=:%@-]*@)?(?:[a-z0-9_.~!$&'()*+,;=\"<>-]|[^\x00-\x7f]|:(?=.*:))*(?::\d*)?"
)
_BAD_ESCAPE = re.compile(r"%(?![0-9a-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_KEPT = "!$&'()*+,;=:@[]/"  # in a path, in addition to letters, digits and _.-~


def normalize_url(url: str) -> str:
    """The URL as Argo CD compares it; empty if it is none."""
    url = url.strip(_SPACE).lower()
    if _SSH.fullmatch(url) and not url.startswith("ssh://"):
        url = "ssh://" + url.replace(":", "/", 1)
    url, _, fragment = url.removesuffix(".git").partition("#")
    parts = _PARTS.fullmatch(url)
    if parts is None or _CONTROL.search(url) or url.startswith(":"):
        return ""
    scheme, authority, path, query = (part or "" for part in parts.groups())
    if not scheme or path.startswith("/") or authority:
        if _BAD_ESCAPE.search(authority + path) or (not (scheme or authority) and ":" in path.partition("/")[0]):
            return ""
        if authority and not _AUTHORITY.fullmatch(authority):
            return ""
        if re.search(rf"[^\w.~%{re.escape(_KEPT)}-]", path, re.ASCII):
            path = quote(unquote_to_bytes(path), safe="$&+,/:;=@")
    if _BAD_ESCAPE.search(fragment):
        return ""
    normalized = f"{scheme}:" if scheme else ""
    if authority != "//" or path:
        normalized += authority
    normalized += path + query
    if fragment:
        normalized += f"#{fragment}"
    return normalized.removeprefix("ssh://")
