"""An installation behind proxies: one target whose requests fail, and its neighbour, which must not notice."""

from collections.abc import Mapping
from dataclasses import dataclass, field
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
from tests.integration.fault_matrix.kinds import Kind, Request, make_due
from tests.integration.fault_matrix.outcome import Outcome, Snapshot
from tests.integration.fault_matrix.proxy import Proxy
from tests.integration.fault_matrix.services import Service
from tests.integration.fault_matrix.site import NEIGHBOURS_REGISTRY, Site, find_registry
from tests.integration.fault_matrix.ways import Way
from tests.local_cloud.environment import REGION
from tests.local_cloud.registry import LoopbackClient
from tests.support.function import REGISTRY, grant, make_settings
from tests.support.loopback import encode_base64
from tests.support.objects import Objects

_SECONDS = 20
"""Of a run: one call may hang for 15 of them."""
_ATTEMPTS = 5
"""Of runs before a cell, until one finds all fresh: the first writes, and a busy machine may let one fail."""


@dataclass(kw_only=True)
class Lane:
    """Runs of one installation, one after the other; other lanes run beside it."""

    site: Site
    name: str
    proxies: Mapping[Service, Proxy]
    _sessions: Sessions = field(init=False)
    _cache: WarmCache = field(init=False)
    _with_role: bool | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._own = Objects(admin=self.site.admin, namespace=self.name)
        self._neighbours = Objects(admin=self.site.admin, namespace=f"{self.name}-neighbour")
        for objects in (self._own, self._neighbours):
            self.site.admin.create_namespace(objects.namespace)
        self._targets = {with_role: self._make_targets(with_role=with_role) for with_role in (False, True)}
        grant(self.site.admin, *self._targets[False])

    def run_cell(self, kind: Kind, request: Request, way: Way) -> Outcome:
        """A run of this kind, in which the request meets the way; and two runs after it."""
        self._settle(with_role=request.with_role)
        kind.prepare(self._own)
        make_due(self._neighbours)
        if request.with_role:
            self._renew_sessions()
        if kind.is_cold:
            self._cache = WarmCache(sessions=self._sessions)
        before, proxy = self._take_snapshot(self._own), self.proxies[request.service]
        proxy.arm(way, turn=request.turn)
        result, neighbour = self._run()
        met, requests = proxy.met, proxy.requests
        proxy.disarm()
        after, neighbour_after = self._take_snapshot(self._own), self._take_snapshot(self._neighbours)
        (next_result, _), (last_result, _) = self._run(), self._run()
        found = {each.password for each in (before, after, neighbour_after) if each.password}
        return Outcome(
            kind=kind,
            request=request,
            way=way,
            met=met,
            requests=requests,
            result=result,
            neighbour=neighbour,
            before=before,
            after=after,
            next_result=next_result,
            last_result=last_result,
            neighbour_after=neighbour_after,
            accepted=frozenset(password for password in found if self.site.lets_in(password)),
        )

    def _settle(self, *, with_role: bool) -> None:
        """Let both targets be fresh, with these settings."""
        if self._with_role is not with_role:
            self._with_role = with_role
            self._renew_sessions()
            self._cache = WarmCache(sessions=self._sessions)
        for _ in range(_ATTEMPTS):
            if all(result.action == "fresh" for result in self._run()):
                return

    def _renew_sessions(self) -> None:
        self._sessions = Sessions(region=REGION, profile=self.name)

    def _run(self) -> tuple[Result, Result]:
        own, neighbour = run_targets(
            self._targets[bool(self._with_role)],
            options=RunOptions(renew_before=timedelta(hours=6), check_every=timedelta(minutes=7), seconds=_SECONDS),
            cache=self._cache,
            now=lambda: datetime.now(UTC),
            verify_login=self._verify_login,
        )
        return own, neighbour

    def _make_targets(self, *, with_role: bool) -> tuple[Target, ...]:
        role = {"role_arn": self.site.other_role}
        own: dict[str, Any] = {"registry": REGISTRY, **(role if with_role else {})}
        # By another role or none, at another endpoint: no proxy stands before what it asks.
        neighbours = {"registry": NEIGHBOURS_REGISTRY, **({} if with_role else role)}
        address = {
            "endpoint": self.site.admin.endpoint,
            "certificate_authority": encode_base64(self.site.admin.ca_pem),
        }
        cluster = {"cluster": self.site.cluster}
        return resolve_targets(
            make_settings(
                {
                    **cluster,
                    "name": "own",
                    "namespace": self._own.namespace,
                    "credentials": [own],
                    **(role if with_role else {}),
                },
                {
                    **cluster,
                    **address,
                    "name": "neighbour",
                    "namespace": self._neighbours.namespace,
                    "credentials": [neighbours],
                },
            ),
            region=REGION,
        )

    def _verify_login(self, host: str, token: Any, *, repository: str | None, seconds: float) -> Verification:
        own = find_registry(self.proxies[Service.REGISTRY], self.site.authority)
        http = LoopbackClient({REGISTRY: own, NEIGHBOURS_REGISTRY: self.site.registry})
        return verify_login(host, token, repository=repository, seconds=seconds, http=http)

    def _take_snapshot(self, objects: Objects) -> Snapshot:
        index = 0 if objects is self._own else 1
        (credential,) = self._targets[bool(self._with_role)][index].credentials
        secret, config_map = objects.get("secrets"), objects.get("configmaps")
        observed = ObservedState(secret=secret, config_map=config_map)
        return Snapshot(
            password=read_payload_text(secret, credential) or None,
            is_vouched_for=recognize_payload(observed, credential) is not None,
        )
