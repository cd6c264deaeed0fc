"""The outcome of one fault, and what holds for it whichever request of a run fails in whichever way."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from argo_ecr_auth.core.results import Result
from tests.integration.fault_matrix.faults import RequestFault
from tests.integration.fault_matrix.scenarios import Call, Scenario

_MAX_ERROR = 450  # characters


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """One credential in the cluster: its password, and whether the ConfigMap vouches for it."""

    password: str | None = field(default=None, repr=False)  # None where there is no Secret
    is_vouched_for: bool = False


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A cell of the fault matrix: a run with a fault, what is in the cluster after it, and the two runs that follow."""

    scenario: Scenario
    call: Call
    fault: RequestFault
    has_failed: bool  # whether the fault took effect
    requests: int  # that came to the service
    result: Result
    neighbor: Result
    before: Snapshot
    after: Snapshot
    next_result: Result
    last_result: Result  # of the run after the next
    neighbor_after: Snapshot
    accepted: frozenset[str] = field(repr=False)  # passwords that the registry accepts

    @property
    def is_retried(self) -> bool:
        """Whether the run sent the service more requests than one without a fault does."""
        return self.requests > sum(call.service is self.call.service for call in self.scenario.calls)


def _the_fault_took_effect(outcome: Outcome) -> bool:
    return outcome.has_failed


def _the_result_is_the_usual_one_or_a_failure_with_its_reason(outcome: Outcome) -> bool:
    error = outcome.result.error
    if error is None:
        return outcome.result.action == outcome.scenario.action
    return outcome.result.failed and "\n" not in error and 0 < len(error) <= _MAX_ERROR


def _the_fault_is_understood(outcome: Outcome) -> bool:
    return "please report it" not in f"{outcome.result.error}"


def _the_credential_is_done_within_the_runs_time(outcome: Outcome) -> bool:
    return not f"{outcome.result.error}".startswith(("timed out after", "not started", "out of time"))


def _the_password_in_the_cluster_is_one_that_the_registry_accepts(outcome: Outcome) -> bool:
    passwords = {snapshot.password for snapshot in (outcome.before, outcome.after)} - {None}
    is_kept = outcome.after.password is not None or outcome.before.password is None
    return is_kept and outcome.accepted >= passwords


def _no_result_contains_a_password(outcome: Outcome) -> bool:
    text = f"{outcome.result} {outcome.next_result}"
    return not [password for password in outcome.accepted if password in text]


def _the_next_run_fixes_everything(outcome: Outcome) -> bool:
    return not outcome.next_result.failed and outcome.last_result.action == "fresh"


def _the_neighbor_is_renewed_anyway(outcome: Outcome) -> bool:
    after = outcome.neighbor_after
    is_valid = after.is_vouched_for and after.password in outcome.accepted
    return (outcome.neighbor.action, outcome.neighbor.error) == ("renewed", None) and is_valid


PROMISES: tuple[Callable[[Outcome], bool], ...] = (
    _the_fault_took_effect,
    _the_result_is_the_usual_one_or_a_failure_with_its_reason,
    _the_fault_is_understood,
    _the_credential_is_done_within_the_runs_time,
    _the_password_in_the_cluster_is_one_that_the_registry_accepts,
    _no_result_contains_a_password,
    _the_next_run_fixes_everything,
    _the_neighbor_is_renewed_anyway,
)


def find_broken_promises(outcomes: Iterable[Outcome]) -> list[str]:
    """Each promise that a cell breaks, with the cell and the results."""
    return [
        f"{outcome.scenario.title}, {outcome.call.name}, {outcome.fault.name}: "
        f"not {promise.__name__.strip('_').replace('_', ' ')} ({outcome})"
        for outcome in outcomes
        for promise in PROMISES
        if not promise(outcome)
    ]
