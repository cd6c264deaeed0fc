"""What must hold after each run, whatever the world did."""

import base64
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from argo_ecr_auth.core.manifests import VERIFIED_ANNOTATION
from argo_ecr_auth.core.results import Result
from tests.simulation.installation import CHECK_INTERVAL
from tests.simulation.ledger import MAX_CLOCK_SKEW, Ledger, find_own_leaves
from tests.simulation.reality import Reality

_MARK = "configmaps", ("metadata", "annotations", VERIFIED_ANNOTATION)  # a comment for people
_REJECTED = "a token that its registry rejects"
_MAX_REJECTED = timedelta(hours=1) + 2 * MAX_CLOCK_SKEW
_MAX_LAST = CHECK_INTERVAL + MAX_CLOCK_SKEW
"""A token that is valid for no longer does not serve until the next check (ADR 1)."""
_SHARED = ("ecr:", "sts:", "registry:")  # a credential that needs none of it in a run does not notice its fault


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A credential before a run."""

    ledger: Ledger
    is_served: bool
    payload: str
    is_last: bool  # its token may expire before the next run
    newest_token: int  # the number of ECR's last token
    has_need: bool  # of a new token, or of a write


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run, or several at once, and what the world saw of it."""

    reality: Reality
    snapshots: Sequence[Snapshot]
    results: tuple[Result, ...]
    runs: int
    is_disturbed: bool  # killed, or one of several at once
    renew_before: timedelta
    calls: Counter[str]
    writes: Counter[str]
    hits: Counter[str]
    faults: Mapping[str, str]
    log: Sequence[str]

    @property
    def is_slow(self) -> bool:
        """It had so little time that a busy machine may exceed it."""
        return "slow" in self.faults.values()

    def find_results(self, ledger: Ledger) -> list[Result]:
        return [result for result in self.results if result.secret == ledger.secret]


def take_snapshot(ledger: Ledger, reality: Reality, *, renew_before: timedelta, force: bool) -> Snapshot:
    payload = ledger.read_payload()
    expiry = reality.find_expiry(payload, ledger.credential)
    due = ledger.compute_renew_before(renew_before) + 2 * MAX_CLOCK_SKEW
    is_served = ledger.is_served(reality)
    # A registry that refuses whatever it is asked refuses the token in the cluster, too.
    has_need = not is_served or bool(reality.faults.keys() & ledger.list_registries())
    has_need |= ledger.changed or force or expiry is None or expiry - reality.now < due
    return Snapshot(
        ledger=ledger,
        is_served=is_served,
        payload=payload,
        is_last=expiry is not None and expiry - reality.now < _MAX_LAST,
        newest_token=len(reality.tokens),
        has_need=has_need,
    )


def check_served(ledger: Ledger, reality: Reality) -> None:
    """Argo CD has a token that works, unless the tokens of the last undisturbed run have expired since."""
    outage = reality.now - ledger.undisturbed_at
    if ledger.broken or outage >= ledger.margin:
        return
    assert ledger.is_served(reality), (
        f"{ledger.secret}: no token that works, {outage} after an undisturbed run that left {ledger.margin}"
    )


def check_run(run: Run) -> None:
    for snapshot in run.snapshots:
        _check_tokens(run, snapshot)
        _check_writes(run, snapshot)
        _check_outcome(run, snapshot)
    _check_calls(run)
    _check_secrets(run)
    for hit in run.hits:
        _check_hit(run, hit)


def _check_tokens(run: Run, before: Snapshot) -> None:
    """A token that works is replaced only by one that was issued in this run and works."""
    ledger, reality = before.ledger, run.reality
    regions = {registry.region for registry in ledger.credential.registries}
    is_unverified = not ledger.credential.verify_login or run.faults.keys() & ledger.list_registries()
    if regions & reality.bad_regions and (ledger.unvouched or is_unverified or before.is_last):
        # A token that nothing vouches for or that is about to expire is not kept; one that was not verified is written.
        ledger.broken = True
    payload = ledger.read_payload()
    if payload != before.payload:
        is_bad = regions & reality.bad_regions and is_unverified
        ledger.rejected_since = reality.now if is_bad else None
        older = reality.find_tokens(before.payload, ledger.credential)
        tokens = reality.find_tokens(payload, ledger.credential)
        # Of several registries, one that gives no token keeps the one that it has.
        new = {host: token for host, token in tokens.items() if token != older.get(host)}
        assert new, f"{ledger.secret}: what was written is no token of ECR's"
        assert all(token.number > before.newest_token for token in new.values()), (
            f"{ledger.secret}: an old token was written"
        )
    if before.is_served and not ledger.broken:
        assert ledger.is_served(reality), f"{ledger.secret}: a token that worked was replaced by one that does not"


def _check_writes(run: Run, before: Snapshot) -> None:
    """Nothing is written without a need, and what others wrote stays."""
    ledger = before.ledger
    writes, results = run.writes[ledger.secret], run.find_results(ledger)
    assert before.has_need or not writes, f"{ledger.secret}: written without a need: {results}"
    tries = run.runs if run.runs == 1 else 2 * run.runs  # one that overlaps another may try once more
    assert writes <= 3 * tries, f"{ledger.secret}: {writes} writes in one run"
    found = ledger.read_leaves()
    for leaf, value in ledger.others.items():
        assert found.get(leaf) == value, f"{ledger.secret}: somebody's {leaf} is lost"


def _check_outcome(run: Run, before: Snapshot) -> None:
    """A run fails only with a reason. One that nothing disturbs leaves everything as it should be."""
    ledger, reality = before.ledger, run.reality
    results = run.find_results(ledger)
    impediments = set(_find_impediments(run, ledger))
    if impediments or run.is_disturbed or run.is_slow:
        ledger.changed |= before.has_need
        if ledger.rejected_since is not None and impediments != {_REJECTED}:
            ledger.rejected_since = reality.now  # this run could not find it
        return
    assert [result.failed for result in results] == [False] * run.runs, f"failed without a fault: {results}"
    assert ledger.is_served(reality), f"{ledger.secret}: no token that works after an undisturbed run: {results}"
    expiry = reality.find_expiry(ledger.read_payload(), ledger.credential)
    assert expiry is not None
    margin = expiry - reality.now
    least = ledger.compute_renew_before(run.renew_before) - 2 * MAX_CLOCK_SKEW
    assert margin >= least, f"{ledger.secret}: only {margin} left after {results}"
    _check_leaves(ledger)
    ledger.changed = ledger.unvouched = ledger.broken = False
    ledger.rejected_since = None
    ledger.undisturbed_at, ledger.margin = reality.now, margin


def _check_leaves(ledger: Ledger) -> None:
    """The objects hold our keys and others' own, and nothing else."""
    found, own = ledger.read_leaves(), find_own_leaves(ledger.credential)
    found.pop(_MARK, None)
    expected = own.keys() | ledger.others.keys()
    assert found.keys() == expected, f"{ledger.secret}: {found.keys() ^ expected}"
    for leaf, value in own.items():
        assert value in (None, found[leaf]), f"{ledger.secret}: {leaf} is not as the settings say"


def _find_impediments(run: Run, ledger: Ledger) -> Iterator[str]:
    """What may keep a run from making this credential fresh."""
    for fault in run.faults:
        yield from (service for service in ledger.list_services() if f"{service}:".startswith(f"{fault}:"))
    regions = {registry.region for registry in ledger.credential.registries}
    yield from (f"bad tokens in {region}" for region in regions & run.reality.bad_regions)
    if ledger.rejected_since is not None and (
        not ledger.credential.verify_login or run.reality.now < ledger.rejected_since + _MAX_REJECTED
    ):
        # A token is tried once an hour.
        yield _REJECTED
    if ledger.foreign:
        yield "foreign"
    if run.reality.sessions_expired:
        yield "expired sessions"
    if ledger.target.cluster in run.reality.without_role:
        yield "no Role"


def _check_hit(run: Run, hit: str) -> None:
    """A fault is in the result of each credential that it hit."""
    service, _, name = hit.partition(":")
    results = [
        run.find_results(snapshot.ledger) for snapshot in run.snapshots if hit in snapshot.ledger.list_services()
    ]
    assert results, f"{hit} got a request, and no credential needs it"
    if run.is_disturbed:
        return
    reported = [
        any(result.failed or result.doubtful or result.rejected for result in of_credential)
        for of_credential in results
    ]
    assert any(reported) if hit.startswith(_SHARED) else all(reported), f"{hit} is in no result: {run.results}"
    word = {"api": "", "eks": "EKS", "sts": name, "ecr": f"ECR in {name.partition(':')[0]}", "registry": name}[service]
    texts = [f"{result.error} {result.reason}" for of_credential in results for result in of_credential]
    assert run.is_slow or any(word in text for text in texts), f"{word}: {texts}"


def _check_calls(run: Run) -> None:
    """ECR is called once for each role and region, and only where a credential needs it."""
    for call, count in run.calls.items():
        assert any(snapshot.has_need and call in snapshot.ledger.list_services() for snapshot in run.snapshots), (
            f"{call} was called without a need: {run.results}"
        )
        assert count <= run.runs, f"{call} was called {count} times"


def _check_secrets(run: Run) -> None:
    """No result and no log line holds a token, a session or a secret key."""
    text = json.dumps([result.as_dict() for result in run.results]) + repr(run.results) + "".join(run.log)
    for secret in ("secret-of-", "session-of-", "k8s-aws-v1"):
        assert secret not in text
    for token in list(run.reality.tokens.values())[-20:]:
        encoded = base64.b64encode(b"AWS:" + token.password.encode()).decode()
        assert token.password[:16] not in text, run.results
        assert encoded[8:24] not in text, run.results
