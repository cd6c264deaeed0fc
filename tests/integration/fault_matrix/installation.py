"""An installation behind proxies: one target whose requests fail, and its neighbor, which must not notice."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from argo_ecr_auth.api_server.warm_cache import WarmCache
from argo_ecr_auth.aws.sessions import Sessions
from argo_ecr_auth.core.manifests import read_payload_text
from argo_ecr_auth.core.observed import ObservedState
from argo_ecr_auth.core.renewal_plan import recognize_payload
from argo_ecr_auth.core.results import Result
from argo_ecr_auth.core.targets import Target
from argo_ecr_auth.credential import RunOptions
from argo_ecr_auth.registry_login import Verification, verify_login
from argo_ecr_auth.run import run_targets
from argo_ecr_auth_settings.resolve import resolve_targets
from tests.integration.fault_matrix.faults import RequestFault
from tests.integration.fault_matrix.promises import Outcome, Snapshot
from tests.integration.fault_matrix.proxy import Proxy
from tests.integration.fault_matrix.scenarios import Call, Scenario, Service, make_due
from tests.integration.fault_matrix.site import NEIGHBORS_REGISTRY, Site
from tests.local_cloud.environment import REGION
from tests.local_cloud.registry import LoopbackClient
from tests.support.function import REGISTRY, grant, make_settings
from tests.support.objects import Objects, encode_base64

_SECONDS = 20
"""Of a run: one call may hang for 15 of them."""
_ATTEMPTS = 5
"""Of runs until all is fresh: the first writes, and a busy machine may let one fail."""


@dataclass(kw_only=True)
class Installation:
    """Runs one cell after the other; other installations run beside it."""

    site: Site
    name: str
    proxies: Mapping[Service, Proxy]
    _sessions: Sessions = field(init=False)
    _cache: WarmCache = field(init=False)
    _with_role: bool | None = field(default=None, init=False)  # None until the first run
    _is_fresh: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._own = Objects(admin=self.site.admin, namespace=self.name)
        self._neighbors = Objects(admin=self.site.admin, namespace=f"{self.name}-neighbor")
        for objects in (self._own, self._neighbors):
            self.site.admin.create_namespace(objects.namespace)
        self._targets = {with_role: self._make_targets(with_role=with_role) for with_role in (False, True)}
        grant(self.site.admin, *self._targets[False])

    def run_cell(self, scenario: Scenario, call: Call, fault: RequestFault) -> Outcome:
        """A run of this scenario in which the call fails, and two runs after it."""
        self._settle(with_role=call.with_role)
        scenario.prepare(self._own)
        make_due(self._neighbors)
        if call.with_role:
            self._sessions = Sessions(region=REGION, profile=self.name)
        if scenario.is_cold:
            self._cache = WarmCache(sessions=self._sessions)
        before, proxy = self._take_snapshot(self._own), self.proxies[call.service]
        proxy.arm(fault, number=call.number)
        result, neighbor = self._run()
        requests = len(proxy.requests)
        proxy.disarm()
        after, neighbor_after = self._take_snapshot(self._own), self._take_snapshot(self._neighbors)
        (next_result, _), (last_result, _) = self._run(), self._run()
        passwords = {snapshot.password for snapshot in (before, after, neighbor_after) if snapshot.password}
        return Outcome(
            scenario=scenario,
            call=call,
            fault=fault,
            has_failed=proxy.has_failed,
            requests=requests,
            result=result,
            neighbor=neighbor,
            before=before,
            after=after,
            next_result=next_result,
            last_result=last_result,
            neighbor_after=neighbor_after,
            accepted=frozenset(password for password in passwords if self.site.accepts(password)),
        )

    def _settle(self, *, with_role: bool) -> None:
        """Let both targets be fresh, with these settings. The last run of the cell before usually was."""
        if self._with_role is not with_role:
            self._with_role = with_role
            self._sessions = Sessions(region=REGION, profile=self.name)
            self._cache = WarmCache(sessions=self._sessions)
            self._is_fresh = False
        for _ in range(_ATTEMPTS):
            if self._is_fresh:
                return
            self._run()

    def _run(self) -> tuple[Result, Result]:
        own, neighbor = run_targets(
            self._targets[bool(self._with_role)],
            options=RunOptions(renew_before=timedelta(hours=6), seconds=_SECONDS),
            cache=self._cache,
            now=lambda: datetime.now(UTC),
            verify_login=self._verify_login,
        )
        self._is_fresh = (own.action, neighbor.action) == ("fresh", "fresh")
        return own, neighbor

    def _make_targets(self, *, with_role: bool) -> tuple[Target, ...]:
        role = {"role_arn": self.site.other_role}
        own_role, neighbors_role = (role, {}) if with_role else ({}, role)
        own: dict[str, Any] = {
            "cluster": self.site.cluster,
            "name": "own",
            "namespace": self._own.namespace,
            "credentials": [{"registry": REGISTRY, **own_role}],
            **own_role,
        }
        # By another role or none, at another endpoint: its requests pass no proxy.
        neighbor: dict[str, Any] = {
            "cluster": self.site.cluster,
            "name": "neighbor",
            "endpoint": self.site.admin.endpoint,
            "certificate_authority": encode_base64(self.site.admin.ca_pem),
            "namespace": self._neighbors.namespace,
            "credentials": [{"registry": NEIGHBORS_REGISTRY, **neighbors_role}],
        }
        # With no time between two checks, no run tries the token in the cluster because it is the hour for it.
        targets = resolve_targets(make_settings(own, neighbor), region=REGION)
        return tuple(replace(target, check_every=timedelta()) for target in targets)

    def _verify_login(self, host: str, token: Any, *, repository: str | None, seconds: float) -> Verification:
        addresses = {REGISTRY: self.proxies[Service.REGISTRY].address, NEIGHBORS_REGISTRY: self.site.registry}
        return verify_login(host, token, repository=repository, seconds=seconds, http=LoopbackClient(addresses))

    def _take_snapshot(self, objects: Objects) -> Snapshot:
        index = 0 if objects is self._own else 1
        (credential,) = self._targets[bool(self._with_role)][index].credentials
        secret, config_map = objects.get("secrets"), objects.get("configmaps")
        observed = ObservedState(secret=secret, config_map=config_map)
        return Snapshot(
            password=read_payload_text(secret, credential) or None,
            is_vouched_for=recognize_payload(observed, credential) is not None,
        )
