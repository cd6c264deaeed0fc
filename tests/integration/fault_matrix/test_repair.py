"""A repair, where each of its requests fails in each way."""

import pytest

from tests.integration.fault_matrix.kinds import REPAIR
from tests.integration.fault_matrix.lanes import Cells, RunMatrix
from tests.integration.fault_matrix.page import compare_page
from tests.integration.fault_matrix.promises import find_broken_promises


@pytest.fixture(scope="module")
def cells(run_matrix: RunMatrix) -> Cells:
    return run_matrix(REPAIR)


def test_every_cell_keeps_every_promise(cells: Cells) -> None:
    assert find_broken_promises(cells.values()) == []


def test_the_page_is_current(cells: Cells) -> None:
    page, found = compare_page(REPAIR, cells)

    assert page == found
