"""The page that says with which versions of Argo CD each kind of credential was tried. The tests write it.

A run fails where the page tells something else of its version. A version that the page lacks is no failure.
"""

from collections.abc import Iterable
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "argo-cd-versions.md"

_HEAD = """\
# Versions of Argo CD

What was tested with Argo CD itself: its repo-server and application controller beside a real API server, the function
deployed and run by its schedule, and a registry that checks tokens as ECR does. `make argo-cd-versions` runs this and
writes the lines of its version. `make test-argo-cd` fails if a line of its version is no longer true. Both use the
newest version, with the helm that it ships. The pipeline runs the others each week and before a release. For these,
`ARGO_CD_ASSETS` names a folder with the programs. Argo CD 3.0 does not support `oci://` URLs.

An Application is Synced with the first token. Then all tokens expire, and Argo CD refreshes it. Then the next
scheduled run renews, and Argo CD refreshes it again.

| Argo CD | helm | `repoURL` | with its token | when the token has expired | after the next run |
|---|---|---|---|---|---|
"""


def make_row(version: str, kind: str, *, helm: str, at_first: str, ended: str, words: str, renewed: str) -> str:
    """A line of the table."""
    return f"| {version} | {helm} | {kind} | {at_first} | {ended}: {words} | {renewed} |"


def read_rows(version: str) -> list[str]:
    """The version's lines of the page."""
    return [line for line in _read_all() if _find_version(line) == version]


def write_rows(version: str, rows: Iterable[str]) -> None:
    """Replace the version's lines; the newest version comes first."""
    others = [line for line in _read_all() if _find_version(line) != version]
    lines = sorted([*rows, *others], key=lambda line: _sort_key(_find_version(line)), reverse=True)
    PAGE.write_text(_HEAD + "".join(f"{line}\n" for line in lines))


def _read_all() -> list[str]:
    text = PAGE.read_text() if PAGE.exists() else ""
    return [line for line in text.splitlines() if line.startswith("| ") and _find_version(line)[:1].isdigit()]


def _find_version(row: str) -> str:
    return row.split("|")[1].strip()


def _sort_key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
