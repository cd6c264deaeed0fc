"""A run: each credential of each target read, judged and, where due, written; side by side, none in another's way."""

import threading
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import PurePath

from kubernetes.client.api_client import ApiClient

from argo_ecr_auth.authorization_token import AuthorizationToken
from argo_ecr_auth.cluster import Connection, api_client, apply_object, read_object
from argo_ecr_auth.ecr import authorization_token
from argo_ecr_auth.eks import Address, describe_cluster
from argo_ecr_auth.eks_token import bearer_token
from argo_ecr_auth.errors import AddressError, SyncError
from argo_ecr_auth.manifests import config_map_manifest, secret_manifest
from argo_ecr_auth.once import Once
from argo_ecr_auth.renewal import Reading, decide, jitter, refuse_what_is_not_ours
from argo_ecr_auth.results import Result, result_of
from argo_ecr_auth.sessions import Sessions
from argo_ecr_auth.targets import Credential, Role, Target

SIDE_BY_SIDE = 16
"""Credentials at once: they wait for networks, hardly for the processor; and ECR allows 20 tokens a second."""


@dataclass(frozen=True, kw_only=True)
class Warm:
    """What an environment keeps between runs: AWS clients, and by target its address with the client for it."""

    sessions: Sessions
    clusters: dict[str, tuple[Address, ApiClient]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a run is asked to do, and within which time."""

    renew_before: timedelta
    seconds: float
    dry_run: bool = False
    force: bool = False


def sync(targets: Sequence[Target], *, order: Order, warm: Warm, now: Callable[[], datetime]) -> tuple[Result, ...]:
    """Keep the targets' credentials fresh; a result for each, in their order, whatever happens to any of them.

    Ends within `order.seconds`: what has not finished by then is reported as failed, and writes nothing any more.
    """
    run = _Run(order=order, warm=warm, now=now)
    work = [(target, credential) for target in targets for credential in target.credentials]
    pool = ThreadPoolExecutor(max_workers=SIDE_BY_SIDE)
    tasks = [pool.submit(run.result, target, credential) for target, credential in work]
    wait(tasks, timeout=order.seconds)
    run.stopped.set()
    pool.shutdown(wait=False, cancel_futures=True)
    return tuple(
        task.result() if task.done() and not task.cancelled() else run.unfinished(target, credential)
        for task, (target, credential) in zip(tasks, work, strict=True)
    )


class _Run:
    """What the credentials of one run share: a connection per target, a token per role and region."""

    def __init__(self, *, order: Order, warm: Warm, now: Callable[[], datetime]) -> None:
        self.stopped = threading.Event()
        self._order = order
        self._warm = warm
        self._now = now
        self._connections: Once[tuple[str, bool], Connection] = Once()
        self._tokens: Once[tuple[Role | None, str], AuthorizationToken] = Once()

    def result(self, target: Target, credential: Credential) -> Result:
        """One credential's story. The one place where a failure is kept from the others."""
        expires_at = reason = None
        try:
            connection, reading = self._read(target, credential)
            refuse_what_is_not_ours(reading)
            plan = decide(
                reading,
                credential=credential,
                now=self._now(),
                renew_before=self._order.renew_before + jitter(target.name, renew_before=self._order.renew_before),
                force=self._order.force,
            )
            expires_at, reason = plan.expires_at, "; ".join(plan.reasons) or None
            if plan.action != "fresh" and not self._order.dry_run:
                token = plan.token or self._token(credential)
                self._write(connection, credential, token)
                expires_at = token.expires_at
        except SyncError as failure:
            return self._failed(target, credential, error=str(failure), reason=reason, expires_at=expires_at)
        except Exception as failure:  # noqa: BLE001 - whatever it is, the other credentials are still done
            return self._failed(target, credential, error=_unexpected(failure), reason=reason, expires_at=expires_at)
        return result_of(
            target,
            credential,
            action=plan.action,
            reason=reason,
            expires_at=expires_at,
            now=self._now(),
            dry_run=self._order.dry_run,
        )

    def unfinished(self, target: Target, credential: Credential) -> Result:
        """The result of a credential that the run's time did not suffice for."""
        error = (
            f"not finished within the run's {self._order.seconds:.0f} s, the next run tries again: if it stays so, "
            f"{target.cluster} or AWS answers too slowly"
        )
        return self._failed(target, credential, error=error)

    def _failed(
        self,
        target: Target,
        credential: Credential,
        *,
        error: str,
        reason: str | None = None,
        expires_at: datetime | None = None,
    ) -> Result:
        return result_of(
            target,
            credential,
            action="failed",
            reason=reason,
            expires_at=expires_at,
            error=error,
            now=self._now(),
            dry_run=self._order.dry_run,
        )

    def _read(self, target: Target, credential: Credential) -> tuple[Connection, Reading]:
        known = self._warm.clusters.get(target.name)
        connection = self._connections.get((target.name, False), lambda: self._connect(target, known))
        try:
            return connection, _read(connection, credential)
        except AddressError:
            if known is None or target.endpoint is not None:
                raise
            # The address is of an earlier run: the authority may have been rotated, the endpoint moved since.
            connection = self._connections.get((target.name, True), lambda: self._connect(target, None))
            if self._warm.clusters[target.name][0] == known[0]:
                raise
        return connection, _read(connection, credential)

    def _connect(self, target: Target, known: tuple[Address, ApiClient] | None) -> Connection:
        if known is None:
            address = self._address(target)
            known = self._warm.clusters[target.name] = address, api_client(address)
        return Connection(
            target=target.name,
            cluster=target.cluster,
            region=target.region,
            api=known[1],
            bearer=bearer_token(
                credentials=self._warm.sessions.credentials(target.role), cluster=target.cluster, region=target.region
            ),
        )

    def _address(self, target: Target) -> Address:
        if target.endpoint is not None and target.certificate_authority is not None:
            return Address(endpoint=target.endpoint, certificate_authority=target.certificate_authority)
        eks = self._warm.sessions.client("eks", region=target.region, role=target.role)
        return describe_cluster(eks, cluster=target.cluster, region=target.region, role=target.role)

    def _token(self, credential: Credential) -> AuthorizationToken:
        role, region = credential.role, credential.registry.region
        return self._tokens.get(
            (role, region),
            lambda: authorization_token(
                self._warm.sessions.client("ecr", region=region, role=role), region=region, role=role
            ),
        )

    def _write(self, connection: Connection, credential: Credential, token: AuthorizationToken) -> None:
        # The Secret first: a run that ends between the two leaves an expiry that speaks of another password, and the
        # next one sees that. The other way round it would call the old password fresh.
        for manifest in (secret_manifest(credential, token), config_map_manifest(credential, token)):
            if self.stopped.is_set():
                raise SyncError("out of time before it was written")
            apply_object(connection, manifest)


def _read(connection: Connection, credential: Credential) -> Reading:
    namespace, name = credential.namespace, credential.secret_name
    return Reading(
        secret=read_object(connection, kind="Secret", namespace=namespace, name=name),
        config_map=read_object(connection, kind="ConfigMap", namespace=namespace, name=name),
    )


def _unexpected(failure: Exception) -> str:
    """Where it happened and of what kind, without its words: they might hold what no log may."""
    place = traceback.extract_tb(failure.__traceback__)[-1]
    return f"unexpected {type(failure).__name__} at {PurePath(place.filename).name}:{place.lineno}; please report it"
