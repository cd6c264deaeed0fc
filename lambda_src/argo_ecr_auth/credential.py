"""One credential's story in a run: it is read, planned and, if it is due, renewed and written."""

import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Protocol

from argo_ecr_auth.api_server.server import ApiServer
from argo_ecr_auth.core.authorization_token import TOKEN_LIFETIME
from argo_ecr_auth.core.errors import OverlapError, SyncError
from argo_ecr_auth.core.managed_fields import find_last_apply
from argo_ecr_auth.core.manifests import Payload, payload_key, read_payload_text, read_tokens
from argo_ecr_auth.core.messages import explain
from argo_ecr_auth.core.observed import ObservedState, refuse_foreign_objects
from argo_ecr_auth.core.renewal_plan import Plan, choose_payload, is_probe_due, make_plan
from argo_ecr_auth.core.results import Result, new_result
from argo_ecr_auth.core.targets import Credential, Target
from argo_ecr_auth.deadlines import time_limit
from argo_ecr_auth.registry_login import Login, Verification
from argo_ecr_auth.tokens import Issued, TokenIssuer, combine_verifications

_UNKNOWN_TOKEN_IS_KEPT = TOKEN_LIFETIME / 2
"""A token whose ConfigMap the API server refuses is not replaced for so long."""

_SHARE_OF_A_CREDENTIAL = 0.9  # of a run's time: what it waits for then still has time to be named


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What a run is asked to do, and within how many seconds."""

    renew_before: timedelta
    seconds: float
    dry_run: bool = False
    force: bool = False


class ApiServers(Protocol):
    """Where a run reads and writes: the API servers that EKS leads to, or what the command line puts in their place."""

    def to(self, target: Target) -> ApiServer:
        """The target's API server. Raises SyncError."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What the credentials of one run share."""

    options: RunOptions
    servers: ApiServers
    issuer: TokenIssuer
    now: Callable[[], datetime]
    explain: Callable[..., str] = explain  # makes one sentence of errors
    stopped: threading.Event = field(default_factory=threading.Event)
    started_at: float = field(default_factory=time.monotonic)

    @property
    def seconds_left(self) -> float:
        """Until a credential of it gives up."""
        return self.started_at + self.options.seconds * _SHARE_OF_A_CREDENTIAL - time.monotonic()


def keep_fresh(target: Target, credential: Credential, *, run: Run) -> Result:
    """Keep one credential fresh; if another run wrote it at the same time, try once more."""
    result = _keep_fresh(target, credential, run=run)
    if result.error_type == OverlapError.__name__:
        again = _keep_fresh(target, credential, run=replace(run, options=replace(run.options, force=False)))
        result = replace(again, tampered=again.tampered or result.tampered, rejected=again.rejected or result.rejected)
    remaining = int((result.expires_at - run.now()).total_seconds()) if result.expires_at else None
    return replace(result, seconds_to_expiry=remaining)


def _keep_fresh(target: Target, credential: Credential, *, run: Run) -> Result:
    """The one place where a credential's failure is kept from the others."""
    result = new_result(target, credential, dry_run=run.options.dry_run)
    issued, plan, payload = Issued(), None, None
    try:
        with time_limit(run.seconds_left):
            server = run.servers.to(target)
            observed = server.read(credential)
            refuse_foreign_objects(observed, credential)
            plan = _make_plan(run, target, credential, observed)
            if (probed := _probe(run, target, credential, plan)).login is Login.REFUSED:
                plan = _make_plan(run, target, credential, observed, rejection=probed.reason)
                result = replace(result, rejected=True)
            result = _with_verification(_with_plan(result, plan, run=run), probed)
            if run.options.dry_run or plan.action == "fresh":
                return result
            if plan.needs_token:
                if _has_unknown_token(observed, credential, plan, run=run):
                    server.try_config_map(credential, observed)
                issued = run.issuer.issue(credential)
                result = _with_verification(result, issued.verification)
            payload = choose_payload(
                plan,
                _identify(run, credential),
                found=read_payload_text(observed.secret, credential),
                tokens=issued.tokens,
                refused=issued.refused,
                now=run.now(),
            )
            if payload is not None:
                # Another run may have renewed since the read: no worse token than its own is written over it.
                server.write(
                    credential,
                    payload,
                    observed=observed,
                    only_over_observed=payload is plan.current or payload.refused,
                    is_stopped=run.stopped.is_set,
                )
                result = replace(result, expires_at=None if payload.refused else payload.expires_at)
            if not issued.errors:
                return result
            error = f"{run.explain(*issued.errors)}; {_explain_choice(payload, plan, issued)}"
            return fail(result, issued.errors[0], error=error)
    except SyncError as failure:
        if failure.overwritten and not (plan and payload is plan.current):
            result = replace(result, expires_at=None)
        return fail(result, failure, error=run.explain(*issued.errors, failure))
    except Exception as failure:  # noqa: BLE001 - whatever it is, the other credentials are still done
        return fail(result, failure, error=describe_unexpected(failure))


def _has_unknown_token(observed: ObservedState, credential: Credential, plan: Plan, *, run: Run) -> bool:
    """Whether the Secret may have the token of an earlier run, whose ConfigMap was refused, as a new one's would be."""
    applied_at = find_last_apply(observed.secret, payload_key(credential))
    is_recent = applied_at is not None and run.now() - applied_at < _UNKNOWN_TOKEN_IS_KEPT
    return is_recent and plan.current is None and not run.options.force


def fail(result: Result, failure: Exception, *, error: str) -> Result:
    """The result of a credential that could not be kept fresh."""
    return replace(result, action="failed", error=error, error_type=type(failure).__name__)


def _identify(run: Run, credential: Credential) -> Credential:
    """The credential with the unique ID of the role that asks ECR, as far as it is known."""
    return replace(credential, role_id=run.issuer.find_role_id(credential))


def _make_plan(
    run: Run, target: Target, credential: Credential, observed: ObservedState, *, rejection: str | None = None
) -> Plan:
    return make_plan(
        observed,
        target=target.name,
        credential=_identify(run, credential),
        now=run.now(),
        renew_before=run.options.renew_before,
        check_every=target.check_every,
        rejection=rejection,
        force=run.options.force,
    )


def _probe(run: Run, target: Target, credential: Credential, plan: Plan) -> Verification:
    """What the registries say of the token in the cluster, about once an hour; a new one is verified anyway."""
    is_due = is_probe_due(target.name, credential, now=run.now(), check_every=target.check_every)
    tokens = read_tokens(plan.current, credential) if plan.current and not plan.needs_token and is_due else {}
    return combine_verifications({} if run.options.dry_run else run.issuer.verify(credential, tokens))


def _with_plan(result: Result, plan: Plan, *, run: Run) -> Result:
    return replace(
        result,
        action=plan.action,
        reason="; ".join(plan.reasons) or None,
        expires_at=plan.expires_at,
        changes=plan.changes if run.options.dry_run else (),
        tampered=plan.tampered,
    )


def _with_verification(result: Result, verification: Verification) -> Result:
    """A refusal becomes the error; any other doubt goes with the reason."""
    doubt = None if verification.login is Login.REFUSED else verification.reason
    reason = "; ".join(filter(None, (result.reason, doubt))) or None
    return replace(result, verified=verification.verified, reason=reason, doubtful=doubt is not None)


def _explain_choice(written: Payload | None, plan: Plan, issued: Issued) -> str:
    if written is None or written is plan.current:
        return "the token in the cluster stays" if plan.kept else "no token was written"
    if plan.kept:
        hosts = ", ".join(registry.host for registry in issued.tokens.keys() - issued.refused)
        return f"only the token for {hosts} was renewed"
    return "it was written anyway, because the cluster has no valid token that its registry accepts"


def describe_unexpected(failure: Exception) -> str:
    """Where it happened and of what kind, without its words: they might hold what no log may."""
    place = traceback.extract_tb(failure.__traceback__)[-1]
    return f"unexpected {type(failure).__name__} at {PurePath(place.filename).name}:{place.lineno}; please report it"
