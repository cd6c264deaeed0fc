"""What mkdocs calls while it builds the site: includes, the cells' labels, and the script that draws diagrams."""

import re
from pathlib import Path

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


def on_config(config: MkDocsConfig) -> None:
    config.site_url = SITE_URL


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Adds the script from npm: Material would load it from another host."""
    script = _TOP / "infra_cdk" / "node_modules" / "@mermaid-js" / "tiny" / "dist" / "mermaid.tiny.js"
    files.append(File.generated(config, _MERMAID, abs_src_path=str(script)))


def on_page_markdown(markdown: str, **_: object) -> str:
    return _INCLUDE.sub(lambda match: _read(match[1]), markdown)


def on_page_content(html: str, page: Page, **_: object) -> str:
    """Labels the tables' cells, and loads the script on the pages that have a diagram."""
    html = re.sub("<table>.*?</table>", _label_cells, html, flags=re.DOTALL)
    script = f'<script src="{get_relative_url(_MERMAID, page.url)}"></script>'
    return html + script if 'class="mermaid"' in html else html


def _label_cells(table: re.Match[str]) -> str:
    """Gives each cell its column's heading, which a phone shows in the cell: it stacks the cells of a row."""
    headings = re.findall("<th(?: [^>]*)?>(.*?)</th>", table[0], re.DOTALL)
    labels = [re.sub("<[^>]*>", "", heading).replace('"', "&quot;") for heading in headings]

    def label_row(row: re.Match[str]) -> str:
        remaining = iter(labels)
        return re.sub("<td", lambda _: f'<td data-label="{next(remaining)}"', row[0])

    return re.sub("<tr>.*?</tr>", label_row, table[0], flags=re.DOTALL)


def _read(name: str) -> str:
    text = (_TOP / name).read_text()
    for link, target in _LINKS.items():
        text = text.replace(link, target)
    # These are no pages: their names stay, without a link.
    text = re.sub(r"\[([^]]+)\]\((?:SECURITY\.md|tests/README\.md|LICENSE)\)", r"`\1`", text)
    return text.replace("(docs/", "(")
