"""A run: each credential of each target is read, planned and, where due, written, in threads beside each other."""

import threading
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Any, Protocol

from argo_ecr_auth.clients.api_client import Connection
from argo_ecr_auth.clients.deadlines import time_limit
from argo_ecr_auth.clients.registry_login import Login, Verification, verify_login
from argo_ecr_auth.connections import Connections, WarmCache
from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.core.manifests import Payload, keep_logins
from argo_ecr_auth.core.observed import ObservedState, refuse_foreign_objects
from argo_ecr_auth.core.renewal_plan import Plan, choose_payload, compute_jitter, make_plan
from argo_ecr_auth.core.results import Result, new_result
from argo_ecr_auth.core.targets import Credential, Target
from argo_ecr_auth.credential_writer import write_credential
from argo_ecr_auth.token_issuer import Issued, TokenIssuer, VerifyLogin

MAX_CONCURRENCY = 16
"""Credentials at once: they wait for networks, hardly for the processor; and ECR allows 20 tokens a second."""

_SHARE_OF_A_CREDENTIAL = 0.9  # of a run's time: what it waits for then still has time to be named


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What a run is asked to do, and within how many seconds."""

    renew_before: timedelta
    seconds: float
    dry_run: bool = False
    force: bool = False


class Reader(Protocol):
    """Where a run reads from: the targets' connections, or what the command line puts in their place."""

    def read(self, target: Target, credential: Credential) -> tuple[Connection, ObservedState]:
        """What the cluster holds of the credential, and the connection to write it over. Raises SyncError."""


def sync(
    targets: Sequence[Target],
    *,
    options: RunOptions,
    cache: WarmCache,
    now: Callable[[], datetime],
    verify_login: VerifyLogin = verify_login,
    connections: Reader | None = None,
) -> tuple[Result, ...]:
    """Keep the targets' credentials fresh; a result for each, in their order, whatever happens to any of them.

    Ends within `options.seconds`. What has not finished by then is reported as failed, and begins no other write. The
    same holds for a run that is interrupted.
    """
    issuer = TokenIssuer(sessions=cache.sessions, verify_login=verify_login, now=now)
    run = _Run(options=options, reader=connections or Connections(cache), issuer=issuer, now=now)
    work = [(target, credential) for target in targets for credential in target.credentials]
    # Each target's first, then each one's second: a slow one with many does not keep the others from their start.
    turns = [turn for target in targets for turn in range(len(target.credentials))]
    pool = _take_pool(cache)
    tasks = {i: pool.submit(run.keep_fresh, *work[i]) for i in sorted(range(len(work)), key=turns.__getitem__)}
    try:
        wait(tasks.values(), timeout=options.seconds)
    finally:
        run.stopped.set()
        if all(task.done() for task in tasks.values()):
            cache.idle_pools.append(pool)
        else:  # a thread that hangs would be missing in the next run
            pool.shutdown(wait=False, cancel_futures=True)
    return tuple(
        tasks[i].result()
        if tasks[i].done() and not tasks[i].cancelled()
        else run.unfinished(target, credential, begun=not tasks[i].cancelled())
        for i, (target, credential) in enumerate(work)
    )


def _take_pool(cache: WarmCache) -> ThreadPoolExecutor:
    """Threads of an earlier run, or new ones: to start one is a fourth of an idle run's processor time."""
    try:
        return cache.idle_pools.pop()
    except IndexError:
        return ThreadPoolExecutor(max_workers=MAX_CONCURRENCY)


class _Run:
    """What the credentials of one run share."""

    def __init__(
        self, *, options: RunOptions, reader: Reader, issuer: TokenIssuer, now: Callable[[], datetime]
    ) -> None:
        self.stopped = threading.Event()
        self._options = options
        self._reader = reader
        self._issuer = issuer
        self._now = now
        self._ends = time.monotonic() + options.seconds * _SHARE_OF_A_CREDENTIAL

    def keep_fresh(self, target: Target, credential: Credential) -> Result:
        """One credential's story. The one place where a failure is kept from the others."""
        result = new_result(target, credential, dry_run=self._options.dry_run)
        issued = Issued()
        try:
            with time_limit(self._ends - time.monotonic()):
                connection, observed = self._reader.read(target, credential)
                refuse_foreign_objects(observed, credential)
                plan = self._plan(target, credential, observed)
                result = self._with_plan(result, plan)
                if self._options.dry_run or plan.action == "fresh":
                    return result
                if plan.needs_token:
                    issued = self._issuer.issue(credential)
                    result = _with_verification(result, issued.verification)
                new = issued.payload and keep_logins(issued.payload, credential=credential, secret=observed.secret)
                payload = choose_payload(plan, new)
                if payload is not None:
                    # What the cluster holds already is only put back over what was read: another run may have renewed.
                    unchanged = payload is plan.current
                    write_credential(
                        connection,
                        credential,
                        observed,
                        payload,
                        only_over_observed=unchanged,
                        is_stopped=self.stopped.is_set,
                    )
                    result = self._with_expiry(result, expires_at=None if payload.refused else payload.expires_at)
                if issued.error is None:
                    return result
                error = f"{issued.error}; {_explain_choice(payload, plan)}"
        except SyncError as failure:
            error = "; ".join(filter(None, (issued.error, str(failure))))
        except Exception as failure:  # noqa: BLE001 - whatever it is, the other credentials are still done
            error = describe_unexpected(failure)
        return self._with_expiry(result, action="failed", error=error)

    def unfinished(self, target: Target, credential: Credential, *, begun: bool) -> Result:
        """The result of a credential that the run's time did not suffice for."""
        seconds = f"{self._options.seconds:.0f} s"
        error = (
            f"timed out after {seconds}; the next run tries again. If it persists, {target.cluster} or AWS is slow"
            if begun
            else f"not begun within {seconds}; the next run tries again. If it persists, a cluster of the run is slow"
        )
        result = new_result(target, credential, dry_run=self._options.dry_run)
        return self._with_expiry(result, action="failed", error=error)

    def _plan(self, target: Target, credential: Credential, observed: ObservedState) -> Plan:
        renew_before = self._options.renew_before
        return make_plan(
            observed,
            credential=credential,
            now=self._now(),
            renew_before=renew_before + compute_jitter(target.name, renew_before=renew_before),
            force=self._options.force,
        )

    def _with_plan(self, result: Result, plan: Plan) -> Result:
        reason = "; ".join(plan.reasons) or None
        changes = plan.changes if self._options.dry_run else ()
        known = replace(result, action=plan.action, reason=reason, changes=changes, tampered=plan.tampered)
        return self._with_expiry(known, expires_at=plan.expires_at)

    def _with_expiry(self, result: Result, *, expires_at: datetime | None = None, **others: Any) -> Result:
        """The result with more known of it; what remains of the token is counted from now."""
        expires_at = expires_at or result.expires_at
        remaining = int((expires_at - self._now()).total_seconds()) if expires_at else None
        return replace(result, expires_at=expires_at, seconds_to_expiry=remaining, **others)


def _with_verification(result: Result, verification: Verification) -> Result:
    """A refusal becomes the error; any other doubt goes with the reason."""
    doubt = None if verification.login is Login.REFUSED else verification.reason
    reason = "; ".join(filter(None, (result.reason, doubt))) or None
    return replace(result, verified=verification.verified, reason=reason, doubtful=doubt is not None)


def _explain_choice(written: Payload | None, plan: Plan) -> str:
    if written is not None and written is not plan.current:
        return "it is written all the same, because no accepted token lives in the cluster"
    if plan.keeps_current:
        return "the token in the cluster stays"
    return "no token was written"


def describe_unexpected(failure: Exception) -> str:
    """Where it happened and of what kind, without its words: they might hold what no log may."""
    place = traceback.extract_tb(failure.__traceback__)[-1]
    return f"unexpected {type(failure).__name__} at {PurePath(place.filename).name}:{place.lineno}; please report it"
