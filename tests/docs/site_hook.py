"""What mkdocs calls while it builds the site: includes, the cells' labels, and the script that draws diagrams."""

import re
from pathlib import Path
from typing import Any, cast
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url

from argo_ecr_auth_settings.documentation import SITE_URL

_TOP = Path(__file__).parents[2]
_INCLUDE = re.compile(r"<!-- include: (\S+) -->")
# Links of a file at the top level, as the site has their targets.
_LINKS = {"(README.md": "(index.md", "(CONTRIBUTING.md": "(development.md", "(CHANGELOG.md": "(changelog.md"}
_MERMAID = "javascripts/mermaid.js"


class _LabelCells(Extension, Treeprocessor):
    """Gives each cell its column's heading, which a phone shows in the cell: it stacks the cells of a row."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - Markdown's name
        # After the inline processors, which have the priority 20: a heading may hold code.
        md.treeprocessors.register(self, "label_cells", 10)

    def run(self, root: Element) -> None:
        for table in root.iter("table"):
            labels = ["".join(heading.itertext()) for heading in table.iter("th")]
            for row in table.iterfind("tbody/tr"):
                for label, cell in zip(labels, row, strict=True):
                    cell.set("data-label", label)


def on_config(config: MkDocsConfig) -> None:
    config.site_url = SITE_URL
    config.markdown_extensions.append(cast("Any", _LabelCells()))


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Adds the script from npm: Material would load it from another host."""
    script = _TOP / "infra_cdk" / "node_modules" / "@mermaid-js" / "tiny" / "dist" / "mermaid.tiny.js"
    files.append(File.generated(config, _MERMAID, abs_src_path=str(script)))


def on_page_markdown(markdown: str, **_: object) -> str:
    return _INCLUDE.sub(lambda match: _read(match[1]), markdown)


def on_page_content(html: str, page: Page, **_: object) -> str:
    """Loads the script on the pages that have a diagram."""
    script = f'<script src="{get_relative_url(_MERMAID, page.url)}"></script>'
    return html + script if 'class="mermaid"' in html else html


def _read(name: str) -> str:
    text = (_TOP / name).read_text()
    for link, target in _LINKS.items():
        text = text.replace(link, target)
    # These are no pages: their names stay, without a link.
    text = re.sub(r"\[([^]]+)\]\((?:SECURITY\.md|tests/README\.md|LICENSE)\)", r"`\1`", text)
    return text.replace("(docs/", "(")
