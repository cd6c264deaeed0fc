"""The page docs/verified-on-aws.md."""

from collections.abc import Mapping
from pathlib import Path

from tests.verify_aws.questions import ALL, Question
from tests.verify_aws.stage import Answer

PAGE = Path(__file__).parents[2] / "docs" / "verified-on-aws.md"
OPEN = "Nobody has run it yet: all questions are open."
_VERDICTS = {True: "**right**", False: "**wrong**", None: "open"}
_HEAD = """\
---
hide: [toc]
---
# Verified on AWS

The tests run on one machine, so what AWS itself does is an assumption there. This page lists these assumptions, what
follows if one is wrong, and AWS's answers. `make verify-aws CLUSTER=NAME` asks them in your account and writes this
page. It shows what it will create, asks, and cleans up. It takes up to 15 minutes and costs less than 0.10 USD. You
need to be an administrator of the account and of the cluster; for the questions about the installation, the region is
bootstrapped for CDK. If it was killed, add `ARGS=--clean-up`.

{when}

| question | our assumption | if that is wrong | relied on by | AWS's answer | our documentation |
|---|---|---|---|---|---|
"""


def format_page(answers: Mapping[str, Answer], *, when: str = OPEN) -> str:
    """The page with these answers; the other questions are open."""
    return _HEAD.format(when=when) + "".join(_format_row(question, answers.get(question.id)) for question in ALL)


def _format_row(question: Question, answer: Answer | None) -> str:
    link = f"[{question.page.partition('#')[0].removesuffix('.md')}]({question.page})"
    text = answer.text.replace("|", "\\|") if answer else "-"
    verdict = _VERDICTS[answer.right if answer else None]
    cells = [f'<a id="{question.id}"></a>{question.question}', question.assumption, question.consequence, link]
    return f"| {' | '.join([*cells, text, verdict])} |\n"


if __name__ == "__main__":
    PAGE.write_text(format_page({}))
