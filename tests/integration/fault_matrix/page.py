"""The page of the fault matrix: what a run does if one of its requests fails. The tests write it and compare it."""

import os
import re
from pathlib import Path

from tests.integration.fault_matrix.faults import FAILURES
from tests.integration.fault_matrix.matrix import Cells
from tests.integration.fault_matrix.promises import Outcome
from tests.integration.fault_matrix.scenarios import SCENARIOS, Scenario
from tests.support.function import REGISTRY

PAGE = Path(__file__).parents[3] / "docs" / "fault-matrix.md"

_HEAD = """\
# The fault matrix

What a run does if one of its requests fails. `make fault-matrix` writes this page, and `make test` fails if it is out
of date. Each cell is a run of the function with a real API server, emulated AWS and a registry that checks tokens. A
proxy before the service lets one request of the run fail.

The rows are the requests of a run. The columns are the faults:

| column | what happens |
|---|---|
| refused | connections are refused, until the end of the run |
| wrong certificate | the service shows a certificate signed by an untrusted CA, until the end of the run |
| reset before, after | the connection is reset, before or after the service has handled the request |
| truncated | the service handles the request; half of its answer arrives |
| hangs once, hangs | this request, or each one from this one on, gets no answer; a call waits 10 s, a login 5 s |
| 429, 500, 503 | each request from this one on gets this status; `once`: only this one (429 with Retry-After) |
| 401, 403 | the service refuses the request in its own words |
| garbage | 200 with random bytes |
| another shape | a well-formed answer that lacks what is needed |

The words in a cell:

| cell | what it means |
|---|---|
| retried | The request was repeated. The run did all that it should, and no result shows the fault. |
| unnoticed | The run did all that it should. Only the status of this answer counts. |
| unverified | The new token was written, although the registry did not say whether it accepts it. |
| failed | The credential has failed. Nothing was written: an existing token is still valid. |
| failed, Secret | The credential has failed. The new token is in the Secret, and the ConfigMap is as before. |
| failed, both | The credential has failed. All was written. |
| failed, but written | The credential has failed. The new token was written, because no other token was valid. |

A number refers to the messages below the table. In every cell:

- The token that Argo CD reads is one that its registry accepts, or there is none yet (a first run).
- The run ends within its time, and its other targets are renewed as if nothing had failed.
- The next run, after one check interval, fixes everything.
"""


def format_section(scenario: Scenario, cells: Cells) -> str:
    """The scenario's table, and its messages."""
    messages: dict[str, int] = {}
    faults = list(dict.fromkeys(fault for _, fault in cells))
    rows = [[call.name, *(_describe(cells[call.name, fault], messages) for fault in faults)] for call in scenario.calls]
    lines = [
        f"## {scenario.title}",
        "",
        _format_row(["", *faults]),
        "|---" * (len(faults) + 1) + "|",
        *map(_format_row, rows),
    ]
    return "\n".join([*lines, "", *(f"{number}. {message}" for message, number in messages.items())]) + "\n"


def compare_page(scenario: Scenario, cells: Cells) -> tuple[str, str]:
    """What the page says of this scenario, and what it should say; with WRITE_DOCS the page is written first."""
    section = format_section(scenario, cells)
    if os.environ.get("WRITE_DOCS"):
        sections = _split() | {_heading(scenario): section}
        headings = [_heading(scenario) for scenario in SCENARIOS]
        PAGE.write_text("\n".join([_HEAD, *(sections[heading] for heading in headings if heading in sections)]))
    return _read_head() + _split().get(_heading(scenario), ""), _HEAD + section


def find_differences(scenario: Scenario, cells: Cells) -> set[tuple[str, str]]:
    """The cells of which the page says something else."""
    written, found = _read_cells(_split().get(_heading(scenario), "")), _read_cells(format_section(scenario, cells))
    return {name for name, words in found.items() if written.get(name) != words}


def _read_cells(section: str) -> dict[tuple[str, str], str]:
    """The cells of a section, each with its message in the place of the number."""
    messages = dict(re.findall(r"^(\d+)\. (.*)$", section, flags=re.MULTILINE))
    faults, *rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")] or [[]]
    return {
        (call, fault): re.sub(r"\d+$", lambda number: messages.get(number[0], ""), words)
        for call, *row in rows
        for fault, words in zip(faults, row, strict=True)
    }


def _read_head() -> str:
    return re.split(r"^\n?## ", PAGE.read_text(), maxsplit=1, flags=re.MULTILINE)[0]


def _split() -> dict[str, str]:
    text = PAGE.read_text() if PAGE.exists() else ""
    parts = re.split(r"^(?=## )", text, flags=re.MULTILINE)[1:]
    return {part.partition("\n")[0]: part.rstrip("\n") + "\n" for part in parts}


def _heading(scenario: Scenario) -> str:
    return f"## {scenario.title}"


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
    if outcome.next_result.action == "fresh" and outcome.scenario.action != "fresh":
        return "failed, both"
    return "failed, but written" if has_new else "failed"


def _make_general(message: str) -> str:
    """The message without what is only of this run."""
    words = {
        r"https://127\.0\.0\.1:\d+": "https://ENDPOINT",
        re.escape(REGISTRY): "REGISTRY",
        r"arn:aws:\S+:role/[\w-]+": "ROLE",
        r"(Secret|ConfigMap) installation-\d+/ecr-auth": "OBJECT",
        r"installation-\d+": "argocd",
        r"\b(429|500|503)\b": "STATUS",
        "|".join(FAILURES.values()): "CODE",
    }
    for pattern, word in words.items():
        message = re.sub(pattern, word, message)
    return message
