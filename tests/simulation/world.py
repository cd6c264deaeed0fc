"""The simulated world: time passes, runs happen at the check intervals, and the invariants are checked after each."""

import itertools
import math
import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from argo_ecr_auth.core.results import Result
from tests.simulation.cluster import Cluster
from tests.simulation.installation import CHECK_INTERVAL, Installation
from tests.simulation.invariants import Run, Snapshot, check_run, check_served, take_snapshot
from tests.simulation.ledger import Ledger
from tests.simulation.reality import Interruption, Reality
from tests.simulation.summary import Summary

_IDLE = timedelta(hours=3)
"""Between two runs of a target to which nothing can happen: no fault or edit since, and no token due."""
_SECONDS = 60.0
_SECONDS_WHERE_SLOW = 1.0
_BUSY_RUNS = 2  # that happen after something changed, although nothing may be due


@dataclass(kw_only=True)
class World:
    """The world at a moment of its history."""

    installation: Installation
    summary: Summary = field(default_factory=Summary)
    skew: timedelta = timedelta(0)  # of the function's clock
    ledgers: list[Ledger] = field(default_factory=list)
    log: list[str] = field(default_factory=list)  # lines since the last run
    _busy_runs: int = 0
    _last_runs: dict[str, datetime] = field(default_factory=dict)  # by target
    _later: list[tuple[datetime, Callable[[], None]]] = field(default_factory=list)

    @property
    def reality(self) -> Reality:
        return self.installation.reality

    @property
    def clusters(self) -> Mapping[str, Cluster]:
        return self.installation.clusters

    def begin(self) -> None:
        """Namespaces and Roles, and the first run."""
        self.installation.deploy("default")
        for target in self.installation.targets:
            self.clusters[target.cluster].begin()
            self.grant(target.cluster)
        self.ledgers = self._open_ledgers()
        self.run()

    def grant(self, cluster: str) -> None:
        for target in self.installation.targets:
            if target.cluster == cluster:
                self.clusters[cluster].grant(target)

    def deploy(self, variant: str) -> None:
        """Other settings, or the same with another role: what a token was requested for may have changed."""
        self.installation.deploy(variant)
        for ledger, new in zip(self.ledgers, self._open_ledgers(), strict=True):
            needs_token = ledger.credential.registries != new.credential.registries
            needs_token |= ledger.credential.role_id != new.credential.role_id
            ledger.target, ledger.credential = new.target, new.credential
            ledger.changed = True
            ledger.unvouched |= needs_token
            ledger.broken |= needs_token
        self.stay_busy()

    def _open_ledgers(self) -> list[Ledger]:
        return [
            Ledger(target=target, credential=credential, cluster=self.clusters[target.cluster])
            for target in self.installation.targets
            for credential in target.credentials
        ]

    def after(self, span: timedelta, act: Callable[[], None]) -> None:
        """Do this later."""
        self._later.append((self.reality.now + span, act))

    def stay_busy(self) -> None:
        """Do not skip the next runs: something changed."""
        self._busy_runs = _BUSY_RUNS

    def advance(self, span: timedelta) -> None:
        """Let time pass, with a run at every check interval at which something can happen."""
        end = self.reality.now + span
        moment, targets = self._find_next_run()
        while moment <= end:
            self._go_to(moment)
            self._busy_runs = max(0, self._busy_runs - 1)
            self.run(targets)
            moment, targets = self._find_next_run()
        self._go_to(end)

    def settle(self) -> None:
        """After the last fault, one run makes everything fresh and the next does nothing."""
        while self._later:
            self.advance(max(moment for moment, _ in self._later) - self.reality.now)
        self.advance(timedelta(hours=1))  # in which every token is tried
        self._go_to(self.reality.now + CHECK_INTERVAL)
        self.run()
        # At once: in two minutes a token may be due.
        run = self.run()
        assert [result.action for result in run.results] == ["fresh"] * len(self.ledgers), run.results
        assert not run.calls, "a run where everything is fresh calls ECR"
        assert not run.writes, "a run where everything is fresh writes"

    def run(self, targets: Collection[str] = ()) -> Run:
        """A run for these targets, or for all, and what must hold after it."""
        ledgers = [ledger for ledger in self.ledgers if not targets or ledger.target.name in targets]
        self._last_runs |= {ledger.target.name: self.reality.now for ledger in ledgers}
        before = self._take_snapshots(ledgers, force=False)
        return self._check(before, self._run_targets(ledgers, environment=0, force=False))

    def interrupt(self, interrupted: Ledger, *, request: int, others: int) -> None:
        """A forced renewal of one target that is stopped at this request: while others run, or for good without any."""
        kills = not others
        ledgers = [ledger for ledger in self.ledgers if ledger.target is interrupted.target]
        before = self._take_snapshots(ledgers, force=True)
        interruption = Interruption(environment=0, secret=interrupted.secret, request=request, kills=kills)
        self.reality.interruption = interruption
        results: list[Result] = []
        thread = threading.Thread(target=lambda: results.extend(self._run_targets(ledgers, environment=0, force=True)))
        thread.start()
        while others and thread.is_alive() and not interruption.reached.wait(0.01):
            pass
        for _ in range(others):
            results += self._run_targets(ledgers, environment=1, force=True)
        interruption.released.set()
        thread.join()
        self.reality.interruption = None
        self.reality.killed = None
        if kills:
            self.installation.start_cold(0)
        for ledger in ledgers:
            ledger.changed = ledger.unvouched = True
        self._check(before, results, runs=1 + others, is_disturbed=kills)

    def _take_snapshots(self, ledgers: Sequence[Ledger], *, force: bool) -> list[Snapshot]:
        self.reality.begin_run()
        for ledger in self.ledgers:
            check_served(ledger, self.reality)
        renew_before = self.installation.renew_before
        return [take_snapshot(ledger, self.reality, renew_before=renew_before, force=force) for ledger in ledgers]

    def _run_targets(self, ledgers: Sequence[Ledger], *, environment: int, force: bool) -> tuple[Result, ...]:
        names = {ledger.target.name for ledger in ledgers}
        is_slow = "slow" in self.reality.faults.values()
        return self.installation.run(
            [target for target in self.installation.targets if target.name in names],
            environment=environment,
            now=self.reality.now + self.skew,
            seconds=_SECONDS_WHERE_SLOW if is_slow else _SECONDS,
            force=force,
        )

    def _check(
        self, before: Sequence[Snapshot], results: Sequence[Result], *, runs: int = 1, is_disturbed: bool = False
    ) -> Run:
        run = Run(
            reality=self.reality,
            snapshots=before,
            results=tuple(results),
            runs=runs,
            is_disturbed=is_disturbed,
            renew_before=self.installation.renew_before,
            calls=Counter(self.reality.calls),
            writes=Counter(self.reality.writes),
            hits=Counter(self.reality.hits),
            faults=dict(self.reality.faults),
            log=tuple(self.log),
        )
        self.log.clear()
        self.summary.count_run(run)
        check_run(run)
        return run

    def _find_next_run(self) -> tuple[datetime, set[str]]:
        """When the next run happens, and for which targets: each has a schedule of its own."""
        now, all_targets = self.reality.now, {ledger.target.name for ledger in self.ledgers}
        if self._busy_runs:
            return _round_up(now + CHECK_INTERVAL), all_targets
        moments = [(moment, all_targets) for moment, _ in self._later]
        moments += [(moment + _IDLE, {target}) for target, moment in self._last_runs.items()]
        for ledger in self.ledgers:
            expiry = self.reality.find_expiry(ledger.read_payload(), ledger.credential)
            due = expiry and expiry - ledger.compute_renew_before(self.installation.renew_before)
            moments += [(due + CHECK_INTERVAL, {ledger.target.name})] if due and due > now else []
            if ledger.rejected_since is not None and ledger.credential.verify_login:
                checks = (_round_up(now) + number * CHECK_INTERVAL for number in itertools.count(1))
                probe = next(check for check in checks if ledger.finds_rejection(check + self.skew))
                moments.append((probe, {ledger.target.name}))
        next_run = max(_round_up(min(moment for moment, _ in moments)), _round_up(now + CHECK_INTERVAL))
        return next_run, set().union(*(targets for moment, targets in moments if moment <= next_run))

    def _go_to(self, moment: datetime) -> None:
        """Let time pass, and do what was to be done by then."""
        for time, act in sorted((later for later in self._later if later[0] <= moment), key=lambda later: later[0]):
            self._later.remove((time, act))
            self._pass_time(time)
            act()
            self.stay_busy()
        self._pass_time(moment)

    def _pass_time(self, moment: datetime) -> None:
        """Let time pass, and count how long Argo CD has no token that works."""
        now = self.reality.now
        if moment <= now:
            return
        for ledger in self.ledgers:
            expiry = self.reality.find_expiry(ledger.read_payload(), ledger.credential)
            served_until = expiry if expiry and ledger.is_served(self.reality) else now
            self.summary.unserved += max(timedelta(0), moment - served_until)
        self.summary.time += moment - now
        self.reality.now = moment


def _round_up(moment: datetime) -> datetime:
    """The check interval's begin at this moment or after it."""
    seconds = CHECK_INTERVAL.total_seconds()
    return datetime.fromtimestamp(math.ceil(moment.timestamp() / seconds) * seconds, moment.tzinfo)
