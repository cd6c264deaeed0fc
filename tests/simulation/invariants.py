"""What holds after each run, whatever the world did."""

import base64
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from argo_ecr_auth.core.manifests import VERIFIED_ANNOTATION
from argo_ecr_auth.core.results import Result
from tests.simulation.ledger import CLOCKS, Account, find_own_values, is_served, list_own_paths
from tests.simulation.reality import Reality

_MARK = "configmaps", ("metadata", "annotations", VERIFIED_ANNOTATION)  # a comment for people
_SHARED = ("ecr:", "sts:", "registry:")  # who needs none of it in a run does not notice


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A credential before a run."""

    served: bool
    payload: str
    newest: int  # the number of ECR's last token
    need: bool  # of a new token, or of a write


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run, or several at once, and what the world saw of it."""

    reality: Reality
    accounts: Sequence[Account]
    before: Sequence[Snapshot]
    results: tuple[Result, ...]
    runs: int
    disturbed: bool  # killed, or beside others
    force: bool
    renew_before: timedelta
    calls: Counter[str]
    writes: Counter[tuple[str, str, str]]
    hits: Counter[str]
    faults: Mapping[str, str]
    log: Sequence[str]

    def results_of(self, account: Account) -> list[Result]:
        secret = f"{account.credential.namespace}/{account.credential.secret_name}"
        return [each for each in self.results if (each.target, each.secret) == (account.target.name, secret)]


def take_snapshot(account: Account, reality: Reality) -> Snapshot:
    return Snapshot(
        served=is_served(account, reality),
        payload=account.read_payload(),
        newest=len(reality.tokens),
        need=account.may_write,
    )


def check_served(account: Account, reality: Reality) -> None:
    """Argo CD has a token that works, unless something has kept runs from renewing it for longer than the margin."""
    outage = reality.now - account.clear_at
    if account.broken or outage >= account.margin:
        return
    assert is_served(account, reality), (
        f"{account.place}: no token that works, {outage} after an undisturbed run that left {account.margin}"
    )


def check_run(run: Run) -> None:
    for account, before in zip(run.accounts, run.before, strict=True):
        _check_account(run, account, before)
    _check_calls(run)
    _check_secrets(run)
    for hit in run.hits:
        _check_hit(run, hit)


def _check_account(run: Run, account: Account, before: Snapshot) -> None:
    reality, credential = run.reality, account.credential
    results, payload = run.results_of(account), account.read_payload()
    impediments = set(_find_impediments(run, account))
    served = is_served(account, reality)
    ends = reality.find_end(before.payload, credential)
    early = account.early(run.renew_before)
    need = before.need or run.force or ends is None or ends - reality.now < early + 2 * CLOCKS
    regions = {registry.region for registry in credential.registries}
    untried = not credential.verify_login or run.faults.keys() & _list_registries(account)
    if regions & reality.bad_regions and (account.unvouched or untried):
        # A token that nothing vouches for is not kept, and one that was not tried is written.
        account.broken = True
    if payload != before.payload:
        older = reality.find_tokens(before.payload, credential)
        tokens = reality.find_tokens(payload, credential)
        # Of several registries, one that gives no token keeps the one that it has.
        new = {host: token for host, token in tokens.items() if token != older.get(host)}
        assert new, f"{account.place}: what was written is no token of ECR's"
        assert all(token.turn > before.newest for token in new.values()), f"{account.place}: an old token was written"
    if before.served and not account.broken:
        assert served, f"{account.place}: a token that worked was replaced by one that does not"
    if not need:
        assert not run.writes[account.place], f"{account.place}: written without a need: {results}"
    assert run.writes[account.place] <= 3 * run.runs, f"{account.place}: {run.writes[account.place]} writes in one run"
    slow = "slow" in run.faults.values()  # then a run has so little time that a busy machine may exceed it
    found = account.find_leaves()
    for leaf, value in account.others.items():
        assert found.get(leaf) == value, f"{account.place}: somebody's {leaf} is lost"
    for result in results:
        assert not result.failed or impediments or run.disturbed or slow, f"failed without a fault: {result}"
    if impediments or run.disturbed or slow:
        account.may_write |= need
        return
    assert [result.failed for result in results] == [False], results
    assert served, f"{account.place}: no token that works after an undisturbed run: {results}"
    left = reality.find_end(payload, credential)
    assert left is not None
    assert left - reality.now >= early - 2 * CLOCKS, f"{account.place}: only {left - reality.now} left after {results}"
    _check_fields(account)
    account.may_write = account.unvouched = account.broken = False
    account.clear_at, account.margin = reality.now, left - reality.now


def _check_fields(account: Account) -> None:
    """After an undisturbed run the objects hold our keys and others' own, and nothing else."""
    found = account.find_leaves()
    found.pop(_MARK, None)
    wanted = list_own_paths(account.credential) | account.others.keys()
    assert found.keys() == wanted, f"{account.place}: {found.keys() ^ wanted}"
    for leaf, value in find_own_values(account.credential).items():
        assert found[leaf] == value, f"{account.place}: {leaf} is not as the settings say"


def _find_impediments(run: Run, account: Account) -> Iterator[str]:
    """What may keep a run from making this credential fresh."""
    services = account.list_services()
    for service in run.faults:
        yield from (each for each in services if f"{each}:".startswith(f"{service}:"))
    regions = {registry.region for registry in account.credential.registries}
    yield from (f"bad tokens in {region}" for region in regions & run.reality.bad_regions)
    if account.foreign:
        yield "foreign"
    if run.reality.ended:
        yield "ended sessions"
    if account.target.cluster in run.reality.without_role:
        yield "no Role"


def _check_hit(run: Run, hit: str) -> None:
    """A fault is in the result of each credential that it hit."""
    service, _, what = hit.partition(":")
    hit_ones = [account for account in run.accounts if hit in account.list_services()]
    assert hit_ones, f"{hit} was asked for, and no credential needs it"
    told = [any(result.failed or result.doubtful for result in run.results_of(account)) for account in hit_ones]
    assert run.disturbed or (any(told) if hit.startswith(_SHARED) else all(told)), (
        f"{hit} is in no result: {run.results}"
    )
    word = {"api": "", "eks": "EKS", "sts": what, "ecr": f"ECR in {what.partition(':')[0]}", "registry": what}[service]
    texts = [f"{each.error} {each.reason}" for account in hit_ones for each in run.results_of(account)]
    assert run.disturbed or "slow" in run.faults.values() or any(word in text for text in texts), f"{word}: {texts}"


def _check_calls(run: Run) -> None:
    """ECR is asked once for each role and region, and only where a credential needs it."""
    for call, count in run.calls.items():
        needing = [
            account
            for account, before in zip(run.accounts, run.before, strict=True)
            if call in account.list_services() and _needs_token(run, account, before)
        ]
        assert needing, f"{call} was called without a need: {run.results}"
        assert count <= run.runs, f"{call} was called {count} times"


def _needs_token(run: Run, account: Account, before: Snapshot) -> bool:
    ends = run.reality.find_end(before.payload, account.credential)
    early = account.early(run.renew_before)
    return before.need or run.force or ends is None or ends - run.reality.now < early + 2 * CLOCKS


def _check_secrets(run: Run) -> None:
    text = json.dumps([result.as_dict() for result in run.results]) + repr(run.results) + "".join(run.log)
    assert "secret-of-" not in text
    assert "session-of-" not in text
    assert "k8s-aws-v1" not in text
    for token in list(run.reality.tokens.values())[-20:]:
        encoded = base64.b64encode(b"AWS:" + token.password.encode()).decode()
        assert token.password[:16] not in text, run.results
        assert encoded[8:24] not in text, run.results


def _list_registries(account: Account) -> set[str]:
    return {f"registry:{registry.host}" for registry in account.credential.registries}
