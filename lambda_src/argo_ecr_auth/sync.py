"""A run: each credential of each target read, judged and, where due, written; side by side, none in another's way."""

import threading
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Any, Protocol

from argo_ecr_auth.clients.cluster import Connection, apply_object
from argo_ecr_auth.clients.registry_login import Verification, verify_login
from argo_ecr_auth.connections import Connections, WarmCache
from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.core.manifests import Payload, make_config_map_manifest, make_secret_manifest, pin_version
from argo_ecr_auth.core.observed import ObservedState, refuse_foreign_objects
from argo_ecr_auth.core.plan import Plan, as_asked, jitter, make_plan, payload_text
from argo_ecr_auth.core.results import Result, new_result
from argo_ecr_auth.core.targets import Credential, Target
from argo_ecr_auth.token_issuer import TokenIssuer, VerifyLogin

MAX_CONCURRENCY = 16
"""Credentials at once: they wait for networks, hardly for the processor; and ECR allows 20 tokens a second."""


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What a run is asked to do, and within which time."""

    renew_before: timedelta
    seconds: float
    dry_run: bool = False
    force: bool = False


class Reads(Protocol):
    """Where a run reads from: the targets' connections, or what the command line puts in their place."""

    def read(self, target: Target, credential: Credential) -> tuple[Connection, ObservedState]:
        """What the cluster holds of the credential, and the connection to write it over. Raises SyncError."""


def sync(
    targets: Sequence[Target],
    *,
    order: RunOptions,
    cache: WarmCache,
    now: Callable[[], datetime],
    verify_login: VerifyLogin = verify_login,
    connections: Reads | None = None,
) -> tuple[Result, ...]:
    """Keep the targets' credentials fresh; a result for each, in their order, whatever happens to any of them.

    Ends within `order.seconds`: what has not finished by then is reported as failed, and writes nothing any more. So
    does a run that is interrupted.
    """
    payloads = TokenIssuer(sessions=cache.sessions, verify_login=verify_login)
    run = _Run(order=order, connections=connections or Connections(cache), payloads=payloads, now=now)
    work = [(target, credential) for target in targets for credential in target.credentials]
    # Each target's first, then each one's second: a slow one with many does not keep the others from their start.
    turns = [turn for target in targets for turn in range(len(target.credentials))]
    pool = ThreadPoolExecutor(max_workers=MAX_CONCURRENCY)
    tasks = {i: pool.submit(run.result, *work[i]) for i in sorted(range(len(work)), key=turns.__getitem__)}
    try:
        wait(tasks.values(), timeout=order.seconds)
    finally:
        run.stopped.set()
        pool.shutdown(wait=False, cancel_futures=True)
    return tuple(
        tasks[i].result()
        if tasks[i].done() and not tasks[i].cancelled()
        else run.unfinished(target, credential, begun=not tasks[i].cancelled())
        for i, (target, credential) in enumerate(work)
    )


class _Run:
    """What the credentials of one run share."""

    def __init__(
        self, *, order: RunOptions, connections: Reads, payloads: TokenIssuer, now: Callable[[], datetime]
    ) -> None:
        self.stopped = threading.Event()
        self._order = order
        self._connections = connections
        self._payloads = payloads
        self._now = now

    def result(self, target: Target, credential: Credential) -> Result:
        """One credential's story. The one place where a failure is kept from the others."""
        so_far = new_result(target, credential, dry_run=self._order.dry_run)
        try:
            connection, observed = self._connections.read(target, credential)
            refuse_foreign_objects(observed, credential)
            plan = self._plan(target, credential, observed)
            reason = "; ".join(plan.reasons) or None
            so_far = self._said(so_far, action=plan.action, reason=reason, expires_at=plan.expires_at)
            if self._order.dry_run:
                return replace(so_far, changes=plan.changes)
            if plan.action == "fresh":
                return so_far
            if plan.payload is not None:
                self._write(connection, as_asked(credential, observed), observed, plan.payload)
                return so_far
            try:
                payload, verification = self._payloads.new(credential)
                so_far = _with_proof(so_far, verification)
                self._keep_what_lives(credential, observed, plan, verification)
            except SyncError as failure:
                raise SyncError(f"{failure}{self._put_back(connection, credential, observed, plan)}") from None
            refused = verification.doubt if verification.verified is False else None
            self._write(connection, credential, observed, payload, refused=refused)
            so_far = self._said(so_far, expires_at=payload.expires_at)
            if refused is None:
                return so_far
            error = f"{refused}; it was written all the same, for nothing that lives was there"
        except SyncError as failure:
            error = str(failure)
        except Exception as failure:  # noqa: BLE001 - whatever it is, the other credentials are still done
            error = describe_unexpected(failure)
        return self._said(so_far, action="failed", error=error)

    def unfinished(self, target: Target, credential: Credential, *, begun: bool) -> Result:
        """The result of a credential that the run's time did not suffice for."""
        what, slow = ("finished", target.cluster) if begun else ("begun", "a cluster of the run")
        error = (
            f"not {what} within the run's {self._order.seconds:.0f} s, the next run tries again: if it stays so, "
            f"{slow} or AWS answers too slowly"
        )
        return self._said(new_result(target, credential, dry_run=self._order.dry_run), action="failed", error=error)

    def _plan(self, target: Target, credential: Credential, observed: ObservedState) -> Plan:
        renew_before = self._order.renew_before
        return make_plan(
            observed,
            credential=credential,
            now=self._now(),
            renew_before=renew_before + jitter(target.name, renew_before=renew_before),
            force=self._order.force,
        )

    def _keep_what_lives(
        self, credential: Credential, observed: ObservedState, plan: Plan, verification: Verification
    ) -> None:
        """A token that is refused does not replace one that still lives; what is not a refusal keeps nothing back.

        It replaces one that was refused before it, where that is due: the registry may be wrong, or say so to us alone.
        """
        if verification.verified is not False:
            return
        if plan.only_refused:
            raise SyncError(f"{verification.doubt}, as it refused the one that is there")
        if plan.refused is None and self._lives(credential, observed, plan):
            raise SyncError(f"{verification.doubt}; the one that is there stays")

    def _lives(self, credential: Credential, observed: ObservedState, plan: Plan) -> bool:
        if plan.expires_at is not None:
            return plan.expires_at > self._now()
        return self._payloads.may_live(credential, payload_text(observed.secret, credential).decode())

    def _put_back(self, connection: Connection, credential: Credential, observed: ObservedState, plan: Plan) -> str:
        """Write what differs with the token that is there, for no new one could be had; return what is to be told."""
        if plan.held is None or not plan.drifted:
            return ""
        kept = as_asked(credential, observed)
        try:
            # It took time to learn that there is no new one: another run may have written one since.
            self._write(connection, kept, observed, plan.held, refused=plan.refused, unless_changed=True)
        except SyncError as failure:
            return f"; what differs could not be put back: {failure}"
        return ""

    def _write(
        self,
        connection: Connection,
        credential: Credential,
        observed: ObservedState,
        payload: Payload,
        *,
        refused: str | None = None,
        unless_changed: bool = False,
    ) -> None:
        # The Secret first: a run that ends between the two leaves an expiry that speaks of another password, and the
        # next one sees that. The other way round it would call the old password fresh.
        manifests = (
            make_secret_manifest(credential, payload),
            make_config_map_manifest(credential, payload, refused=refused),
        )
        for manifest, found in zip(manifests, (observed.secret, observed.config_map), strict=True):
            if self.stopped.is_set():
                raise SyncError("out of time before it was written")
            wanted = pin_version(manifest, found) if unless_changed and found else manifest
            apply_object(connection, wanted, there=observed.secret)

    def _said(self, so_far: Result, *, expires_at: datetime | None = None, **others: Any) -> Result:
        """The result with more known of it; what remains of the token is counted from now."""
        expires_at = expires_at or so_far.expires_at
        remaining = int((expires_at - self._now()).total_seconds()) if expires_at else None
        return replace(so_far, expires_at=expires_at, seconds_to_expiry=remaining, **others)


def _with_proof(so_far: Result, verification: Verification) -> Result:
    """A refusal is told as the error; any other doubt goes with the reason."""
    doubt = None if verification.verified is False else verification.doubt
    reason = "; ".join(filter(None, (so_far.reason, doubt))) or None
    return replace(so_far, verified=verification.verified, reason=reason, doubtful=doubt is not None)


def describe_unexpected(failure: Exception) -> str:
    """Where it happened and of what kind, without its words: they might hold what no log may."""
    place = traceback.extract_tb(failure.__traceback__)[-1]
    return f"unexpected {type(failure).__name__} at {PurePath(place.filename).name}:{place.lineno}; please report it"
