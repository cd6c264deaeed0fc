"""The simulated world: time goes on, runs happen at the ticks, and after each run the invariants are checked."""

import math
import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from argo_ecr_auth.core.results import Result
from tests.simulation.api_server import ApiServer
from tests.simulation.installation import Installation
from tests.simulation.invariants import Run, Snapshot, check_run, check_served, take_snapshot
from tests.simulation.ledger import Account, is_served, open_accounts
from tests.simulation.reality import Interruption, Reality
from tests.simulation.summary import Summary
from tests.support.function import grant

TICK = timedelta(minutes=2)
_IDLE = timedelta(hours=3)
"""Between two runs of a target to which nothing can happen: no fault or edit since, and no token due."""
_SECONDS = 30.0
_SECONDS_WHERE_SLOW = 1.0


@dataclass(kw_only=True)
class World:
    """The world at a moment of its history."""

    installation: Installation
    summary: Summary = field(default_factory=Summary)
    skew: timedelta = timedelta(0)
    lively: int = 0  # so many ticks are not left out
    accounts: list[Account] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    _last_runs: dict[str, datetime] = field(default_factory=dict)  # by targets
    _ends: list[tuple[datetime, Callable[[], None]]] = field(default_factory=list)

    @property
    def reality(self) -> Reality:
        return self.installation.reality

    @property
    def api_servers(self) -> Mapping[str, ApiServer]:
        return self.installation.api_servers

    def begin(self) -> None:
        """Namespaces and Roles, and the first run."""
        self.installation.deploy("as first")
        for server in self.api_servers.values():
            server.request("POST", "/api/v1/namespaces", {"metadata": {"name": self.installation.namespace}})
        for target in self.installation.targets:
            self.grant(target.cluster)
        self.accounts = open_accounts(self.installation.targets, dict(self.api_servers))
        self.run()

    def grant(self, cluster: str) -> None:
        targets = [target for target in self.installation.targets if target.cluster == cluster]
        grant(self.api_servers[cluster], *targets)

    def deploy(self, variant: str) -> None:
        """Other settings, or the same with another role: what a token was requested for may have changed."""
        self.installation.deploy(variant)
        new = open_accounts(self.installation.targets, dict(self.api_servers))
        for account, other in zip(self.accounts, new, strict=True):
            moved = account.credential.registries != other.credential.registries
            renamed = account.credential.function_role_id != other.credential.function_role_id
            account.target, account.credential = other.target, other.credential
            account.may_write = True
            account.unvouched |= moved or renamed
            account.broken |= moved or renamed
        self.lively = 2

    def after(self, span: timedelta, do: Callable[[], None]) -> None:
        """Let something end after this time."""
        self._ends.append((self.reality.now + span, do))

    def advance(self, span: timedelta) -> None:
        """Let time go on, with a run at every tick at which something can happen."""
        end = self.reality.now + span
        tick, targets = self._find_next_tick()
        while tick <= end:
            self._go_to(tick)
            self.tick(targets)
            tick, targets = self._find_next_tick()
        self._go_to(end)

    def settle(self) -> None:
        """After the last fault one run makes all fresh, and the next does nothing."""
        while self._ends:
            self.advance(max(moment for moment, _ in self._ends) - self.reality.now)
        self.skew = timedelta(0)
        self._go_to(self.reality.now + TICK)
        self.run()
        # At once: in two minutes a token may be due.
        run = self.run()
        assert [result.action for result in run.results] == ["fresh"] * len(self.accounts), run.results
        assert not run.calls, "a run where all is fresh calls ECR"
        assert not run.writes, "a run where all is fresh writes"

    def check_served(self) -> None:
        for account in self.accounts:
            check_served(account, self.reality)

    def tick(self, targets: set[str]) -> None:
        self.lively = max(0, self.lively - 1)
        self.run(targets)

    def run(self, targets: Collection[str] = ()) -> Run:
        """A run over all targets, or over these alone, and what must hold after it."""
        accounts = [each for each in self.accounts if not targets or each.target.name in targets]
        self._last_runs |= {account.target.name: self.reality.now for account in accounts}
        before = self._prepare(accounts)
        results = self._sync(accounts, environment=0, force=False)
        return self._conclude(accounts, before, results, force=False)

    def run_killed(self, account: Account, *, turn: int) -> None:
        """A renewal of one target that is killed right after so many requests for a credential."""
        self._overlap(account, turn=turn, kills=True, others=0)

    def run_overlapping(self, account: Account, *, turn: int, others: int) -> None:
        """A renewal of one target that stands still at this request, while others do all of theirs."""
        self._overlap(account, turn=turn, kills=False, others=others)

    def _overlap(self, account: Account, *, turn: int, kills: bool, others: int) -> None:
        accounts = [each for each in self.accounts if each.target is account.target]
        before = self._prepare(accounts)
        interruption = Interruption(environment=0, place=account.place, turn=turn, kills=kills)
        self.reality.interruption = interruption
        results: list[Result] = []
        thread = threading.Thread(target=lambda: results.extend(self._sync(accounts, environment=0, force=True)))
        thread.start()
        while others and thread.is_alive() and not interruption.reached.wait(0.01):
            pass
        for _ in range(others):
            results += self._sync(accounts, environment=1, force=True)
        interruption.released.set()
        thread.join()
        self.reality.interruption = None
        self.reality.dead = None
        if kills:
            self.installation.start_cold(0)
        for each in accounts:
            each.may_write = each.unvouched = True
        self._conclude(accounts, before, results, force=True, runs=1 + others, disturbed=True)
        self.lively = 2

    def _prepare(self, accounts: Sequence[Account]) -> list[Snapshot]:
        self.reality.begin_run()
        self.check_served()
        return [take_snapshot(account, self.reality) for account in accounts]

    def _sync(self, accounts: Sequence[Account], *, environment: int, force: bool) -> tuple[Result, ...]:
        targets = tuple(dict.fromkeys(account.target.name for account in accounts))
        slow = "slow" in self.reality.faults.values()
        return self.installation.run(
            tuple(target for target in self.installation.targets if target.name in targets),
            environment=environment,
            now=self.reality.now + self.skew,
            seconds=_SECONDS_WHERE_SLOW if slow else _SECONDS,
            force=force,
        )

    def _conclude(
        self,
        accounts: Sequence[Account],
        before: Sequence[Snapshot],
        results: Sequence[Result],
        *,
        force: bool,
        runs: int = 1,
        disturbed: bool = False,
    ) -> Run:
        run = Run(
            reality=self.reality,
            accounts=accounts,
            before=before,
            results=tuple(results),
            runs=runs,
            disturbed=disturbed,
            force=force,
            renew_before=self.installation.renew_before,
            calls=Counter(self.reality.calls),
            writes=Counter(self.reality.writes),
            hits=Counter(self.reality.hits),
            faults=dict(self.reality.faults),
            log=self.log,
        )
        self.summary.runs += runs
        self.summary.actions.update(result.action for result in results)
        self.summary.hits.update(run.hits)
        self.summary.ecr_calls += run.calls.total()
        self.summary.writes += run.writes.total()
        check_run(run)
        return run

    def _find_next_tick(self) -> tuple[datetime, set[str]]:
        """When the next run happens, and for which targets: each has a schedule of its own."""
        now, all_of_them = self.reality.now, {account.target.name for account in self.accounts}
        if self.lively:
            return _to_grid(now + TICK), all_of_them
        moments = [(moment, all_of_them) for moment, _ in self._ends]
        moments += [(moment + _IDLE, {target}) for target, moment in self._last_runs.items()]
        for account in self.accounts:
            ends = self.reality.find_end(account.read_payload(), account.credential)
            due = ends and ends - account.early(self.installation.renew_before)
            moments += [(due + TICK, {account.target.name})] if due and due > now else []
        tick = max(_to_grid(min(moment for moment, _ in moments)), _to_grid(now + TICK))
        return tick, set().union(*(targets for moment, targets in moments if moment <= tick))

    def _go_to(self, moment: datetime) -> None:
        """Let time go on, and count how long Argo CD has no token that works."""
        for end, do in sorted((each for each in self._ends if each[0] <= moment), key=lambda each: each[0]):
            self._ends.remove((end, do))
            self._count(end)
            do()
            self.lively = 2
        self._count(moment)

    def _count(self, moment: datetime) -> None:
        now = self.reality.now
        if moment <= now:
            return
        for account in self.accounts:
            ends = now
            if is_served(account, self.reality):
                ends = self.reality.find_end(account.read_payload(), account.credential) or now
            self.summary.unserved += max(timedelta(0), moment - ends)
        self.summary.time += moment - now
        self.reality.now = moment


def _to_grid(moment: datetime) -> datetime:
    """The tick at this moment or after it."""
    return datetime.fromtimestamp(
        math.ceil(moment.timestamp() / TICK.total_seconds()) * TICK.total_seconds(), moment.tzinfo
    )
