"""A renewal in which each of its requests fails in each way."""

from tests.integration.fault_matrix import checks
from tests.integration.fault_matrix.scenarios import RENEWAL

SCENARIO = RENEWAL
test_every_cell_keeps_every_promise = checks.test_every_cell_keeps_every_promise
test_the_page_is_current = checks.test_the_page_is_current
