"""The state machine by which hypothesis draws a history, event by event, while it is played."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.simulation.draws import (
    ADDED,
    AFTER,
    DAYS,
    DELETED,
    EXPIRY,
    HOURS,
    MARKS,
    MINUTES,
    PASSWORD,
    VALUES,
    WHERE,
    choose_way,
)
from tests.simulation.edits import FOREIGN_KINDS
from tests.simulation.history import Event, let_end, let_happen
from tests.simulation.installation import VARIANTS
from tests.simulation.ledger import Account
from tests.simulation.summary import Summary
from tests.simulation.world import World


@dataclass(kw_only=True)
class Drawn:
    """What was drawn and played so far, to last so many days in all."""

    days: float
    summary: Summary = field(default_factory=Summary)

    @property
    def left(self) -> timedelta:
        return timedelta(days=self.days) - self.summary.time


class BrokenHistoryError(BaseException):
    """Leaves hypothesis, which would play a failure again to report it: that takes minutes, and all is known."""

    def __init__(self, history: list[Event], invariant: AssertionError) -> None:
        super().__init__(str(invariant))
        self.history = history
        self.invariant = invariant


class Month(RuleBasedStateMachine):
    """One history. Its rules say what may happen; `World.run` checks each of the runs that happen meanwhile."""

    def __init__(self, open_world: Callable[[], AbstractContextManager[World]], drawn: Drawn) -> None:
        super().__init__()
        self._drawn = drawn
        self._history: list[Event] = []
        self._open_world = open_world
        self._stack = ExitStack()
        self._world: World | None = None
        self._lasts = timedelta(0)
        self._backed_up = False
        self._broken = False

    @property
    def accounts(self) -> list[Account]:
        return self._world.accounts if self._world else []

    @initialize(days=DAYS)
    def begin(self, days: int) -> None:
        self._lasts = min(timedelta(days=days), self._drawn.left)
        if self._lasts > timedelta(0):
            self._world = self._stack.enter_context(self._open_world())
            with self._leaving_when_broken():
                self._world.begin()

    def teardown(self) -> None:
        """All faults end, and one run makes all fresh."""
        with self._stack:
            if self._world and not self._broken:
                with self._leaving_when_broken():
                    let_end(self._world)
                self._drawn.summary.add(self._world.summary)
                self._drawn.summary.histories += 1

    @invariant()
    def argo_cd_has_tokens(self) -> None:
        with self._leaving_when_broken():
            if self._world:
                self._world.check_served()

    @rule(after=AFTER, where=WHERE, minutes=MINUTES, way=choose_way("API server", answering=False))
    def an_api_server_gives_no_answer(self, after: int, where: int, minutes: int, way: str) -> None:
        self._happen(after, f"API server: {way}", where, minutes)

    @rule(after=AFTER, where=WHERE, minutes=MINUTES, way=choose_way("API server", answering=True))
    def an_api_server_answers_wrongly(self, after: int, where: int, minutes: int, way: str) -> None:
        self._happen(after, f"API server: {way}", where, minutes)

    @rule(after=AFTER, minutes=MINUTES, way=choose_way("EKS", answering=False))
    def eks_gives_no_answer(self, after: int, minutes: int, way: str) -> None:
        self._happen(after, f"EKS: {way}", 0, minutes)

    @rule(after=AFTER, minutes=MINUTES, way=choose_way("EKS", answering=True))
    def eks_answers_wrongly(self, after: int, minutes: int, way: str) -> None:
        self._happen(after, f"EKS: {way}", 0, minutes)

    @rule(after=AFTER, minutes=MINUTES, way=choose_way("STS", answering=False))
    def sts_gives_no_answer(self, after: int, minutes: int, way: str) -> None:
        self._happen(after, f"STS: {way}", 0, minutes)

    @rule(after=AFTER, minutes=MINUTES, way=choose_way("STS", answering=True))
    def sts_answers_wrongly(self, after: int, minutes: int, way: str) -> None:
        self._happen(after, f"STS: {way}", 0, minutes)

    @rule(after=AFTER, where=WHERE, minutes=MINUTES, way=choose_way("ECR", answering=False))
    def ecr_gives_no_answer(self, after: int, where: int, minutes: int, way: str) -> None:
        self._happen(after, f"ECR: {way}", where, minutes)

    @rule(after=AFTER, where=WHERE, minutes=MINUTES, way=choose_way("ECR", answering=True))
    def ecr_answers_wrongly(self, after: int, where: int, minutes: int, way: str) -> None:
        self._happen(after, f"ECR: {way}", where, minutes)

    @rule(after=AFTER, where=WHERE, minutes=MINUTES, way=choose_way("registry", answering=False))
    def a_registry_gives_no_answer(self, after: int, where: int, minutes: int, way: str) -> None:
        self._happen(after, f"registry: {way}", where, minutes)

    @rule(after=AFTER, where=WHERE, minutes=MINUTES, way=choose_way("registry", answering=True))
    def a_registry_answers_wrongly(self, after: int, where: int, minutes: int, way: str) -> None:
        self._happen(after, f"registry: {way}", where, minutes)

    @rule(after=AFTER, where=WHERE, minutes=HOURS)
    def ecr_issues_bad_tokens(self, after: int, where: int, minutes: int) -> None:
        self._happen(after, "bad tokens", where, minutes)

    @rule(after=AFTER, minutes=MINUTES)
    def sessions_end(self, after: int, minutes: int) -> None:
        self._happen(after, "sessions ended", 0, minutes)

    @rule(after=AFTER, where=WHERE, edit=st.sampled_from(PASSWORD))
    def somebody_changes_the_password(self, after: int, where: int, edit: str) -> None:
        self._happen(after, f"edit: {edit}", self._choose(where, _is_ours))

    @rule(after=AFTER, where=WHERE, edit=st.sampled_from(VALUES))
    def somebody_changes_a_value(self, after: int, where: int, edit: str) -> None:
        self._happen(after, f"edit: {edit}", self._choose(where, _is_ours))

    @rule(after=AFTER, where=WHERE, edit=st.sampled_from(MARKS))
    def somebody_changes_a_mark(self, after: int, where: int, edit: str) -> None:
        self._happen(after, f"edit: {edit}", self._choose(where, _is_ours))

    @rule(after=AFTER, where=WHERE, edit=st.sampled_from(EXPIRY))
    def somebody_changes_the_expiry(self, after: int, where: int, edit: str) -> None:
        self._happen(after, f"edit: {edit}", self._choose(where, _is_ours))

    @rule(after=AFTER, where=WHERE, edit=st.sampled_from(ADDED))
    def somebody_adds_a_key(self, after: int, where: int, edit: str) -> None:
        self._happen(after, f"edit: {edit}", self._choose(where, _is_ours))

    @rule(after=AFTER, where=WHERE, edit=st.sampled_from(DELETED))
    def somebody_deletes(self, after: int, where: int, edit: str) -> None:
        self._happen(after, f"edit: {edit}", self._choose(where, _is_ours))

    @rule(after=AFTER, where=WHERE)
    def somebody_takes_over(self, after: int, where: int) -> None:
        self._happen(after, "edit: taken over", self._choose(where, _is_ours))

    @rule(after=AFTER, where=WHERE)
    def a_backup_is_made(self, after: int, where: int) -> None:
        self._happen(after, "edit: backed up", self._choose(where, _is_ours))
        self._backed_up = True

    @precondition(lambda self: self._backed_up)
    @rule(after=AFTER, where=WHERE)
    def a_backup_is_restored(self, after: int, where: int) -> None:
        self._happen(after, "edit: restored", self._choose(where, lambda account: bool(account.backup)))

    @rule(after=AFTER, where=WHERE, minutes=MINUTES, kind=st.sampled_from(tuple(FOREIGN_KINDS)))
    def a_secret_becomes_foreign(self, after: int, where: int, minutes: int, kind: str) -> None:
        self._happen(after, f"foreign: {kind}", self._choose(where, _is_ours), minutes)

    @rule(after=AFTER, minutes=MINUTES, variant=st.sampled_from(VARIANTS))
    def settings_change(self, after: int, minutes: int, variant: str) -> None:
        self._happen(after, f"settings: {variant}", 0, minutes)

    @rule(after=AFTER, where=WHERE, minutes=MINUTES)
    def a_role_is_removed(self, after: int, where: int, minutes: int) -> None:
        self._happen(after, "Role removed", where, minutes)

    @rule(after=AFTER, where=WHERE, what=st.sampled_from(("CA rotated", "endpoint moved")))
    def a_cluster_changes(self, after: int, where: int, what: str) -> None:
        self._happen(after, what, where)

    @rule(after=AFTER)
    def the_functions_role_is_made_again(self, after: int) -> None:
        self._happen(after, "function's role made again")

    @rule(after=AFTER, where=WHERE)
    def a_clock_is_off(self, after: int, where: int) -> None:
        self._happen(after, "clock off", where)

    @rule(after=AFTER, where=WHERE)
    def an_environment_starts_cold(self, after: int, where: int) -> None:
        self._happen(after, "cold start", where)

    @rule(after=AFTER, where=WHERE, turn=st.integers(0, 4))
    def a_run_is_killed(self, after: int, where: int, turn: int) -> None:
        self._happen(after, "run killed", where, turn)

    @rule(after=AFTER, where=WHERE, turn=st.integers(0, 9))
    def runs_overlap(self, after: int, where: int, turn: int) -> None:
        self._happen(after, "runs overlap", where, turn)

    def _happen(self, after: int, what: str, where: int = 0, minutes: int = 0) -> None:
        """Note the event and let it happen, unless the history has lasted long enough."""
        if self._world is None or self._world.summary.time >= self._lasts:
            return
        event = Event(after, what, where, minutes)
        self._history.append(event)
        with self._leaving_when_broken():
            let_happen(self._world, event)

    def _choose(self, where: int, fits: Callable[[Account], bool]) -> int:
        """The number of an account to which it can happen."""
        fitting = [number for number, account in enumerate(self.accounts) if fits(account)]
        return fitting[where % len(fitting)] if fitting else where

    @contextmanager
    def _leaving_when_broken(self) -> Iterator[None]:
        try:
            yield
        except AssertionError as error:
            self._broken = True
            raise BrokenHistoryError(self._history, error) from error


def _is_ours(account: Account) -> bool:
    return not account.foreign
