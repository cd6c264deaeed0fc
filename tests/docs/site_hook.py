"""Includes README.md, CONTRIBUTING.md and CHANGELOG.md, which lie above docs/, in the site's pages; mkdocs calls it."""

import re
from pathlib import Path

_TOP = Path(__file__).parents[2]
_INCLUDE = re.compile(r"<!-- include: (\S+) -->")
# Links of a file at the top level, as the site has their targets.
_LINKS = {"(README.md": "(index.md", "(CONTRIBUTING.md": "(development.md", "(CHANGELOG.md": "(changelog.md"}


def on_page_markdown(markdown: str, **_: object) -> str:
    """Mkdocs calls it for each page (mkdocs, Plugins, Events)."""
    return _INCLUDE.sub(lambda match: _read(match[1]), markdown)


def _read(name: str) -> str:
    text = (_TOP / name).read_text()
    for link, target in _LINKS.items():
        text = text.replace(link, target)
    # These are no pages: their names stay, without a link.
    text = re.sub(r"\[([^]]+)\]\((?:SECURITY\.md|tests/README\.md|LICENSE)\)", r"`\1`", text)
    return text.replace("(docs/", "(")
