"""How a history is played while hypothesis draws it, and how it ends when an invariant is broken."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from tests.simulation.draws import DAYS
from tests.simulation.history import Event, let_end, let_happen
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


class DrawnHistory(RuleBasedStateMachine):
    """One history, without the rules that say what may happen. `World.run` checks each of its runs."""

    def __init__(self, open_world: Callable[[], AbstractContextManager[World]], drawn: Drawn) -> None:
        super().__init__()
        self._drawn = drawn
        self._history: list[Event] = []
        self._open_world = open_world
        self._stack = ExitStack()
        self._world: World | None = None
        self._lasts = timedelta(0)
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

    def happen(self, after: int, what: str, where: int = 0, minutes: int = 0) -> None:
        """Note the event and let it happen, unless the history has lasted long enough."""
        if self._world is None or self._world.summary.time >= self._lasts:
            return
        event = Event(after, what, where, minutes)
        self._history.append(event)
        with self._leaving_when_broken():
            let_happen(self._world, event)

    def choose(self, where: int, fits: Callable[[Account], bool]) -> int:
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
