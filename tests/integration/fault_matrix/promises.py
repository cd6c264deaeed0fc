"""What holds whichever request of a run fails in whichever way."""

from collections.abc import Callable, Iterable

from tests.integration.fault_matrix.outcome import Outcome

_MAX_ERROR = 450  # characters


def _the_fault_was_met(outcome: Outcome) -> bool:
    return outcome.met > 0


def _the_result_is_the_usual_one_or_a_failure_with_its_reason(outcome: Outcome) -> bool:
    error = outcome.result.error
    if error is None:
        return outcome.result.action == outcome.kind.action
    return outcome.result.failed and "\n" not in error and 0 < len(error) <= _MAX_ERROR


def _the_fault_is_understood(outcome: Outcome) -> bool:
    return "please report it" not in f"{outcome.result.error}"


def _the_credential_ends_before_the_run_ends_it(outcome: Outcome) -> bool:
    return not f"{outcome.result.error}".startswith(("timed out after", "not begun", "out of time"))


def _the_password_in_the_cluster_is_one_that_the_registry_lets_in(outcome: Outcome) -> bool:
    passwords = [each.password for each in (outcome.before, outcome.after) if each.password is not None]
    is_kept = outcome.after.password is not None or outcome.before.password is None
    return is_kept and outcome.accepted >= set(passwords)


def _no_result_holds_a_password(outcome: Outcome) -> bool:
    words = f"{outcome.result} {outcome.next_result}"
    return not [password for password in outcome.accepted if password in words]


def _the_next_run_heals(outcome: Outcome) -> bool:
    return not outcome.next_result.failed and outcome.last_result.action == "fresh"


def _the_neighbour_is_renewed_all_the_same(outcome: Outcome) -> bool:
    found = outcome.neighbour_after
    is_living = found.is_vouched_for and found.password in outcome.accepted
    return (outcome.neighbour.action, outcome.neighbour.error) == ("renewed", None) and is_living


PROMISES: tuple[Callable[[Outcome], bool], ...] = (
    _the_fault_was_met,
    _the_result_is_the_usual_one_or_a_failure_with_its_reason,
    _the_fault_is_understood,
    _the_credential_ends_before_the_run_ends_it,
    _the_password_in_the_cluster_is_one_that_the_registry_lets_in,
    _no_result_holds_a_password,
    _the_next_run_heals,
    _the_neighbour_is_renewed_all_the_same,
)


def find_broken_promises(outcomes: Iterable[Outcome]) -> list[str]:
    """Each promise that a cell breaks, with the cell and the results."""
    return [
        f"{outcome.name}: not {promise.__name__.strip('_').replace('_', ' ')} ({outcome})"
        for outcome in outcomes
        for promise in PROMISES
        if not promise(outcome)
    ]
