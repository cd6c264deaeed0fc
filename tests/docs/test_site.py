"""The documentation's site as a reader's browser shows it."""

import html
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

_TOP = Path(__file__).parents[2]
_BROWSE = Path(__file__).with_name("browse_site.mjs")
_LINK = re.compile(r"""make_link\(["']([a-z-]+)["'], ["']([a-z-]+)["']\)""")
_INSTALL = (
    "`make setup` installs Chromium for x86-64. Elsewhere: "
    "node infra_cdk/node_modules/playwright-core/cli.js install --with-deps chromium-headless-shell"
)


@pytest.fixture(scope="module")
def site() -> Iterator[Path]:
    """The site, built strictly: mkdocs fails on a dead link and on a page that is not listed."""
    # Not pytest's own folder, which stays: Chromium is unpacked beside the site.
    with TemporaryDirectory() as folder:
        site = Path(folder) / "site"
        build = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(site)]
        environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
        done = subprocess.run(build, cwd=_TOP, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        yield site


def test_the_site_includes_the_readme_and_the_examples(site: Path) -> None:
    assert "Lambda function outside" in _read_text(site / "index.html")
    assert "ArgoEcrAuth(stack" in _read_text(site / "cdk-construct" / "index.html")


def test_each_page_shows_in_a_browser_without_a_fault_at_a_phones_and_a_desktops_width(site: Path) -> None:
    environment = os.environ | {"TMPDIR": str(site.parent)}
    done = subprocess.run(
        ["node", str(_BROWSE), str(site)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stderr}\n{_INSTALL}"
    seen = json.loads(done.stdout)
    assert seen["faults"] == []
    assert seen["diagrams"] == 2
    assert seen["pages"] > 30


def test_each_link_of_a_message_has_its_section(site: Path) -> None:
    sources = [file.read_text() for folder in ("cli", "infra_cdk") for file in (_TOP / folder).glob("argo*/**/*.py")]
    links = {link for text in sources for link in _LINK.findall(text)}
    assert len(links) >= 3
    for page, section in links:
        assert f'id="{section}"' in (site / page / "index.html").read_text()


def _read_text(page: Path) -> str:
    return html.unescape(re.sub("<[^>]*>", "", page.read_text()))
