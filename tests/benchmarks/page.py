"""Writes docs/performance.md: the table of one run, and a plot of what a fleet costs."""

import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.benchmarks.table import Row, format_rows

DOCS = Path(__file__).parents[2] / "docs"
_PLOT = "pictures/cost.svg"
_POD = 0.25 * 0.04048 * 730 + 0.5 * 0.004445 * 730
"""US dollars a month: the smallest pod of AWS Fargate (0.25 vCPU, 0.5 GB), us-east-1, 730 hours."""
_LINES = (("this function", "#2f6f4f"), ("a pod in each cluster, on Fargate", "#b5483a"))
_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 720, 360, 70, 50, 50
_CLUSTERS, _DOLLARS = (1, 10, 100, 1000), (1, 10, 100, 1000, 10000)


def write_page(rows: Iterable[Row], *, machine: str, reckoning: str) -> None:
    """Write the page and its plot."""
    costs = read_costs((DOCS / "costs.md").read_text())
    (DOCS / _PLOT).write_text(draw_costs(costs))
    (DOCS / "performance.md").write_text(
        f"""<!-- Written by `make bench WRITE=--write`. -->
# Performance

What someone would choose between, measured in one run of `make bench`. Machines differ: compare the ratios. The
emulator of AWS has no TLS, so in Lambda each service of AWS that a run calls adds a handshake.

{format_rows(rows)}

- **a tutorial's function**: boto3, `CoreV1Api` and Powertools as pip installs them; it requests and writes a token in
    each run.
- **the loop**: `argo-ecr-auth loop`, which replaces the in-cluster tool, with one credential.
- **a CronJob**: awscli and kubectl in a new pod.

{reckoning}

{machine}

## What a fleet costs

![Cost by the number of clusters](pictures/cost.svg)

The function: [What it costs](costs.md), without free tiers. A pod in each cluster: the smallest that Fargate bills,
{_POD:.2f} US dollars a month; on nodes that you have anyway it costs what its memory is worth to you.
"""
    )


def read_costs(page: str) -> Mapping[int, float]:
    """US dollars a month by the number of clusters, without free tiers."""
    row = re.search(r"^\| \*\*all, without free tiers\*\* \|(.*)$", page, re.MULTILINE)
    assert row
    return dict(zip((1, 100, 1000), (float(number) for number in re.findall(r"[0-9]+\.[0-9]+", row[1])), strict=True))


def draw_costs(costs: Mapping[int, float]) -> str:
    """An SVG with logarithmic axes."""
    lines = (costs, {count: _POD * count for count in _CLUSTERS})
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
            'font-family="sans-serif" font-size="13">'
        ),
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        *(
            f'<line x1="{_LEFT}" x2="{_x(1000):.0f}" y1="{_y(dollars):.0f}" y2="{_y(dollars):.0f}" stroke="#ddd"/>'
            f'<text x="{_LEFT - 8}" y="{_y(dollars) + 4:.0f}" text-anchor="end">${dollars:,}</text>'
            for dollars in _DOLLARS
        ),
        *(
            f'<text x="{_x(count):.0f}" y="{_HEIGHT - _BOTTOM + 20}" text-anchor="middle">{count:,}</text>'
            for count in _CLUSTERS
        ),
        f'<text x="{_x(30):.0f}" y="{_HEIGHT - 10}" text-anchor="middle">clusters</text>',
        f'<text x="{_LEFT}" y="22">US dollars a month</text>',
    ]
    for (name, color), line in zip(_LINES, lines, strict=True):
        last = _y(line[1000])
        parts.append(
            f'<polyline points="{_format_points(line)}" fill="none" stroke="{color}" stroke-width="2.5"/>'
            f'<text x="{_x(1000):.0f}" y="{last - 8:.0f}" text-anchor="end" fill="{color}">{name}</text>'
        )
    return "\n".join([*parts, "</svg>\n"])


def _format_points(line: Mapping[int, float]) -> str:
    return " ".join(f"{_x(count):.1f},{_y(dollars):.1f}" for count, dollars in line.items())


def _x(count: float) -> float:
    return _LEFT + math.log10(count) / 3 * (_WIDTH - _LEFT - 30)


def _y(dollars: float) -> float:
    return _HEIGHT - _BOTTOM - math.log10(dollars) / 4 * (_HEIGHT - _BOTTOM - _TOP)
