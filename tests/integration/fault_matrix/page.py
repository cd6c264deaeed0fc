"""The page that says what a run does where one of its requests fails. The tests write it, and fail where it differs."""

import os
import re
from pathlib import Path

from tests.integration.fault_matrix.kinds import KINDS, Kind
from tests.integration.fault_matrix.lanes import Cells
from tests.integration.fault_matrix.outcome import Outcome
from tests.integration.fault_matrix.ways import FAILURES
from tests.support.function import REGISTRY

PAGE = Path(__file__).parents[3] / "docs" / "fault-matrix.md"

_HEAD = """\
# The fault matrix

What a run does where one of its requests fails. `make fault-matrix` writes this page, and `make test` fails where it is
no longer true. Each cell is a run of the function with a real API server, emulated AWS and a registry that judges
tokens. A proxy before the service lets one request of the run fail.

The rows are the requests of a run. The columns are the ways in which one fails:

| column | what happens |
|---|---|
| refused | nothing listens any longer, until the end of the run |
| wrong certificate | the service has a certificate of another authority, until the end of the run |
| reset before, after | the connection is reset, before or after the service has done what was asked |
| truncated | the service does what was asked; half of its answer comes |
| hangs once, hangs | no answer comes to this request, or to none from this one on; a call waits 10 s, a login 5 s |
| 429, 500, 503 | this answer comes to all requests from this one on; `once`: to this one (429 with Retry-After) |
| 401, 403 | the service refuses the request in its own words |
| garbage | 200 with bytes that mean nothing |
| another shape | a well-formed answer that lacks what is needed |

The words of a cell:

| cell | what it means |
|---|---|
| retried | The request was made again. The run did all that it should, and no result shows the fault. |
| unnoticed | The run did all that it should. Only the status of this answer counts. |
| unverified | The new token was written, although the registry did not say whether it lets it in. |
| failed | The credential has failed. Nothing was written: a token that was there before still lives. |
| failed, Secret | The credential has failed. The new token is in the Secret, and the ConfigMap is as before. |
| failed, both | The credential has failed. All was written. |
| failed, all the same | The credential has failed. The new token was written, because no other one lived. |

A number is that of the message below the table. In every cell:

- The token that Argo CD reads is one that its registry lets in, or there is none yet (a first run).
- The run ends within its time, and its other targets are renewed as if nothing had failed.
- The next run, at the next tick, puts everything right.
"""


def format_section(kind: Kind, cells: Cells) -> str:
    """The kind's table, and its messages."""
    messages: dict[str, int] = {}
    ways = list(dict.fromkeys(way for _, way in cells))
    rows = [
        [request.name, *(_describe(cells[request.name, way], messages) for way in ways)] for request in kind.requests
    ]
    lines = [f"## {kind.title}", "", _format_row(["", *ways]), "|---" * (len(ways) + 1) + "|", *map(_format_row, rows)]
    return "\n".join([*lines, "", *(f"{number}. {message}" for message, number in messages.items())]) + "\n"


def compare_page(kind: Kind, cells: Cells) -> tuple[str, str]:
    """What the page says of this kind of run, and what it should say; with WRITE_DOCS the page is written first."""
    section = format_section(kind, cells)
    if os.environ.get("WRITE_DOCS"):
        sections = _split() | {_heading(kind): section}
        PAGE.write_text("\n".join([_HEAD, *(sections[_heading(each)] for each in KINDS if _heading(each) in sections)]))
    return _read_head() + _split().get(_heading(kind), ""), _HEAD + section


def find_differences(kind: Kind, cells: Cells) -> set[tuple[str, str]]:
    """The cells of which the page says something else."""
    written, found = _read_cells(_split().get(_heading(kind), "")), _read_cells(format_section(kind, cells))
    return {name for name, words in found.items() if written.get(name) != words}


def _read_cells(section: str) -> dict[tuple[str, str], str]:
    """The cells of a section, each with its message in the place of the number."""
    messages = dict(re.findall(r"^(\d+)\. (.*)$", section, flags=re.MULTILINE))
    ways, *rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")] or [[]]
    return {
        (request, way): re.sub(r"\d+$", lambda number: messages.get(number[0], ""), words)
        for request, *row in rows
        for way, words in zip(ways, row, strict=True)
    }


def _read_head() -> str:
    return re.split(r"^\n?## ", PAGE.read_text(), maxsplit=1, flags=re.MULTILINE)[0]


def _split() -> dict[str, str]:
    text = PAGE.read_text() if PAGE.exists() else ""
    parts = re.split(r"^(?=## )", text, flags=re.MULTILINE)[1:]
    return {part.partition("\n")[0]: part.rstrip("\n") + "\n" for part in parts}


def _heading(kind: Kind) -> str:
    return f"## {kind.title}"


def _format_row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _describe(outcome: Outcome, messages: dict[str, int]) -> str:
    result = outcome.result
    if result.error is None and not result.doubtful:
        return "retried" if outcome.is_retried else "unnoticed"
    message = result.error or (result.reason or "").rpartition("; ")[2]
    number = messages.setdefault(_make_general(message), len(messages) + 1)
    return f"{_name_end(outcome)} {number}"


def _name_end(outcome: Outcome) -> str:
    if outcome.result.error is None:
        return "unverified"
    has_new = outcome.after.password != outcome.before.password
    if has_new and not outcome.after.is_vouched_for:
        return "failed, Secret"
    if outcome.next_result.action == "fresh" and outcome.kind.action != "fresh":
        return "failed, both"
    return "failed, all the same" if has_new else "failed"


def _make_general(message: str) -> str:
    """The message without what is only of this run."""
    words = {
        r"https://127\.0\.0\.1:\d+": "https://ENDPOINT",
        re.escape(REGISTRY): "REGISTRY",
        r"arn:aws:\S+:role/[\w-]+": "ROLE",
        r"(Secret|ConfigMap) lane-\d+/ecr-auth": "OBJECT",
        r"lane-\d+": "argocd",
        r"\b(429|500|503)\b": "STATUS",
        "|".join(FAILURES.values()): "CODE",
    }
    for pattern, word in words.items():
        message = re.sub(pattern, word, message)
    return message
