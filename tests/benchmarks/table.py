"""Tables of measurements, and the rows of a benchmark with their budgets."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_TITLES = ("what", "measured", "beside", "measured", "ratio", "budget")


@dataclass(frozen=True, kw_only=True)
class Row:
    """A figure of ours, and the alternative's beside it; the budget is for their ratio.

    Where there is no alternative, the budget is for the figure.
    """

    what: str
    ours: float
    unit: str  # s, MB, GB-s
    budget: float
    beside: str = "-"
    theirs: float | None = None

    @property
    def judged(self) -> float:
        """What must not exceed the budget."""
        return self.ours if self.theirs is None else self.ours / self.theirs

    @property
    def is_broken(self) -> bool:
        return not self.judged <= self.budget  # NaN is no success

    def cells(self) -> tuple[str, ...]:
        if self.theirs is None:
            alternative, ratio, budget = "-", "-", _format(self.budget, self.unit)
        else:
            alternative, ratio, budget = _format(self.theirs, self.unit), f"{self.judged:.3g}", f"{self.budget:g}"
        over = " over budget" if self.is_broken else ""
        return self.what, _format(self.ours, self.unit), self.beside, alternative, ratio, budget + over


def format_rows(rows: Iterable[Row]) -> str:
    return format_table(_TITLES, [row.cells() for row in rows])


def format_table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """As Markdown, so that a page of the docs can show it as it is."""
    lines = [titles, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(f"| {' | '.join(map(str.ljust, line, widths))} |" for line in lines)


def print_table(title: str, titles: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    print(f"\n{title}\n\n{format_table(titles, rows)}")


def explain_broken(rows: Sequence[Row]) -> str | None:
    """Which rows are over their budgets, in one message; None where none is."""
    broken = [
        f"{row.what} ({row.judged:.3g}, the budget is {row.budget:g}{'' if row.theirs else f' {row.unit}'})"
        for row in rows
        if row.is_broken
    ]
    return f"over budget: {'; '.join(broken)}" if broken else None


def _format(value: float, unit: str) -> str:
    return f"{value * 1000:.1f} ms" if unit == "s" and value < 1 else f"{value:.3g} {unit}"
