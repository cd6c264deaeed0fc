"""The tests of each scenario. Each has a module of its own, so that they can run beside each other."""

from tests.integration.fault_matrix.matrix import Cells
from tests.integration.fault_matrix.page import compare_page
from tests.integration.fault_matrix.promises import find_broken_promises


def test_every_cell_keeps_every_promise(cells: Cells) -> None:
    assert find_broken_promises(cells.values()) == []


def test_the_page_is_current(cells: Cells) -> None:
    scenario = next(iter(cells.values())).scenario
    page, current = compare_page(scenario, cells)

    assert page == current
