"""The documentation: the site builds strictly, generated pages are current, examples and commands are real."""

import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
import yaml

from argo_ecr_auth_cli.doctor.check_context import FindingName
from tests.docs.__main__ import PAGES
from tests.docs.test_commands import PAGES_THAT_ARE_RUN
from tests.verify_aws.page import PAGE as VERIFIED
from tests.verify_aws.questions import ALL as QUESTIONS

_TOP = Path(__file__).parents[2]
_DOCS = _TOP / "docs"
_PAGES = sorted([_TOP / "README.md", *_DOCS.rglob("*.md")])
_BLOCK = re.compile(
    r"(?P<before>[^\n]*)\n(?P<fence>```(?:bash|sh|shell|console)[^\n]*)\n(?P<commands>.*?)\n *```", re.DOTALL
)
# A block says where its commands are run; tests find those that they run by the same words.
_ON_AWS, _ON_THIS_MACHINE = '```bash title="AWS"', '```bash title="On this machine"'
_RECIPE = re.compile("<!-- (recipe|wait|back): [a-z-]+ -->$")


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_current(name: str) -> None:
    assert (_DOCS / name).read_text() == PAGES[name](), "run `make docs`"


def test_the_readme_is_short() -> None:
    assert len((_TOP / "README.md").read_text().splitlines()) <= 130


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: str(page.relative_to(_TOP)))
def test_each_block_of_commands_is_run_by_a_test_or_marked_as_for_aws(page: Path) -> None:
    for block in _BLOCK.finditer(page.read_text()):
        marked = block["fence"] in {_ON_AWS, _ON_THIS_MACHINE} or _RECIPE.search(block["before"])
        assert marked, f"{page.name}: no test runs {block['commands']!r}"


def test_the_pages_with_commands_for_this_machine_are_those_that_a_test_runs() -> None:
    assert {page.name for page in _PAGES if _ON_THIS_MACHINE in page.read_text()} == PAGES_THAT_ARE_RUN


@pytest.mark.parametrize("example", sorted(_DOCS.glob("examples/credentials/*/*")), ids=lambda example: example.name)
def test_each_example_is_shown_on_a_page(example: Path) -> None:
    name = example.relative_to(_DOCS / "examples")
    assert any(f'--8<-- "{name}"' in page.read_text() for page in _PAGES)


def test_the_readmes_settings_are_what_settings_init_writes(tmp_path: Path) -> None:
    text = (_TOP / "README.md").read_text()
    (shown,) = re.findall(r"```yaml title=\"settings.yaml\"\n(.*?)```", text, re.DOTALL)
    (command,) = re.findall(r"^argo-ecr-auth (settings init .*)$", text, re.MULTILINE)

    subprocess.run([sys.executable, "-m", "argo_ecr_auth_cli", *command.split()], cwd=tmp_path, check=True)

    assert yaml.safe_load((tmp_path / "settings.yaml").read_text()) == yaml.safe_load(shown)


def test_each_finding_of_doctor_has_the_row_that_doctor_links_to() -> None:
    rows = re.findall(r'<a id="(.*?)"></a>`\1`', (_DOCS / "operations.md").read_text())
    assert sorted(rows) == sorted(get_args(FindingName))


def test_each_threat_names_tests_that_are_there() -> None:
    _, _, table = (_DOCS / "security.md").read_text().partition("| shown by |\n|---|---|---|---|\n")
    rows = table.partition("\n\n")[0].splitlines()
    named = [re.findall(r"`(tests/[a-z0-9_/]+\.py)`", row) for row in rows]
    assert len(rows) > 10
    assert all(named)
    assert [file for files in named for file in files if not (_TOP / file).is_file()] == []


def test_the_answers_of_aws_are_those_to_the_questions_that_are_asked() -> None:
    rows = re.findall(
        r'^\| <a id="(.*?)"></a>(.*?) \| (.*?) \| (.*?) \| \[.*?\]\((.*?)\) \| ', VERIFIED.read_text(), re.MULTILINE
    )
    questions = [(row.id, row.question, row.assumption, row.consequence, row.page) for row in QUESTIONS]
    assert rows == questions, (
        "run `make verify-aws`, or write the page without answers: python -m tests.verify_aws.page"
    )
