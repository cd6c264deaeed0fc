"""The table of `make bench`: which rows are over their budgets, and how it says so."""

import math

import pytest

from tests.benchmarks.table import Row, explain_broken, format_rows


def _ratio(what: str, *, ours: float, theirs: float = 2.0, budget: float = 0.5) -> Row:
    return Row(what=what, ours=ours, unit="s", beside="another", theirs=theirs, budget=budget)


def _figure(what: str, *, ours: float, budget: float = 70) -> Row:
    return Row(what=what, ours=ours, unit="MB", budget=budget)


def test_rows_at_their_budgets_are_not_over_them() -> None:
    assert explain_broken([_ratio("a run", ours=1.0), _figure("memory", ours=70)]) is None


def test_each_row_over_its_budget_is_named_and_no_other() -> None:
    rows = [_ratio("a run", ours=1.1), _ratio("a renewal", ours=0.9), _figure("memory", ours=71)]
    assert explain_broken(rows) == "over budget: a run (0.55, the budget is 0.5); memory (71, the budget is 70 MB)"


@pytest.mark.parametrize("row", [_ratio("a run", ours=math.nan), _figure("memory", ours=math.nan)])
def test_a_row_that_was_not_measured_is_over_its_budget(row: Row) -> None:
    assert explain_broken([row]) is not None


def test_the_table_shows_both_figures_their_ratio_and_the_budget() -> None:
    table = format_rows([_ratio("a run", ours=0.25), _figure("memory", ours=71)])
    titles, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines())
    assert [titles, *rows] == [
        ["what", "measured", "beside", "measured", "ratio", "budget"],
        ["a run", "250.0 ms", "another", "2 s", "0.125", "0.5"],
        ["memory", "71 MB", "-", "-", "-", "70 MB over budget"],
    ]
