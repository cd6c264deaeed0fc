"""The rows of a benchmark, their budgets, and how they are printed."""

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
        over = "  over budget" if self.is_broken else ""
        return self.what, _format(self.ours, self.unit), self.beside, alternative, ratio, budget + over


def list_cells(rows: Iterable[Row]) -> list[tuple[str, ...]]:
    """The titles, and the cells of each row."""
    return [_TITLES, *(row.cells() for row in rows)]


def format_table(rows: Iterable[Row]) -> str:
    cells = list_cells(rows)
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells)
    return "\n".join(line.rstrip() for line in lines)


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
