"""The function with its targets in the simulated world: settings that change, environments that stay warm."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any
from unittest import mock

import botocore.loaders
import botocore.session
from kubernetes.client.rest import RESTClientObject

from argo_ecr_auth.api_server.transport import make_api_client
from argo_ecr_auth.api_server.warm_cache import ClientPool, WarmCache
from argo_ecr_auth.aws.eks import Address
from argo_ecr_auth.aws.sessions import Sessions
from argo_ecr_auth.core.authorization_token import AuthorizationToken
from argo_ecr_auth.core.results import Result
from argo_ecr_auth.core.targets import Target, load_configuration
from argo_ecr_auth.credential import RunOptions
from argo_ecr_auth.registry_login import Verification, verify_login
from argo_ecr_auth.run import run_targets
from argo_ecr_auth.tokens import VerifyLogin
from argo_ecr_auth_settings.resolve import format_targets_file
from argo_ecr_auth_settings.settings import parse_duration
from tests.local_cloud.registry import LoopbackClient
from tests.servers.server import Server
from tests.simulation.cluster import Cluster
from tests.simulation.reality import FUNCTION, Reality
from tests.simulation.services import serve_aws, serve_cluster, serve_registry
from tests.support.function import make_settings

REGION = "us-east-1"
NEAR = "000000000000.dkr.ecr.us-east-1.amazonaws.com"
FAR = "000000000000.dkr.ecr.eu-west-1.amazonaws.com"
SHARED = "111111111111.dkr.ecr.us-east-1.amazonaws.com"
PULL_ROLE = "arn:aws:iam::111111111111:role/pull"
REACH_ROLE = "arn:aws:iam::111111111111:role/reach"
CLUSTERS = ("alpha", "beta", "gamma")
"""The clusters, and the role that has an access entry in each."""
ENVIRONMENTS = 2
CHECK_INTERVAL = timedelta(minutes=2)

VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "default": {},
    "a label": {"labels": {"team": "a"}, "annotations": {"note": "ours"}},
    "another registry": {"registry": FAR},
    "another project": {"project": "apps"},
    "verify: off": {"verify": "off"},
    "renew_before: 2h": {},
    "renew_before: 5h": {},
}
"""Settings by name: what the first credential has in addition."""


def _make_targets(variant: str) -> list[dict[str, Any]]:
    return [
        {
            "cluster": "alpha",
            "credentials": [
                {"registry": NEAR, **VARIANTS[variant]},
                {"registry": [NEAR, FAR], "kind": "pull-secret", "secret_name": "pull"},
            ],
        },
        {
            "cluster": "beta",
            "role_arn": REACH_ROLE,
            "credentials": [{"registry": SHARED, "kind": "repo-creds", "role_arn": PULL_ROLE}],
        },
        {"cluster": "gamma", "credentials": [{"registry": FAR}]},
    ]


@dataclass(kw_only=True)
class Installation:
    """The world's servers, and the function that runs against them."""

    reality: Reality
    clusters: Mapping[str, Cluster]
    fronts: Mapping[str, Server]
    registries: Mapping[str, Server]
    aws: Server
    environments: list[WarmCache]
    verify_login: VerifyLogin
    variant: str = "default"
    targets: tuple[Target, ...] = ()
    renew_before: timedelta = field(default=timedelta(hours=6))

    def deploy(self, variant: str) -> None:
        """Deploy the settings: also new environments."""
        self.variant = variant
        key, _, value = variant.partition(": ")
        settings = make_settings(
            *({**target, "namespace": target["cluster"]} for target in _make_targets(variant)),
            renew_before=value if key == "renew_before" else "6h",
        )
        self.renew_before = parse_duration(settings.renew_before)
        self.targets = load_configuration(
            format_targets_file(settings), region=REGION, function_role_id=self.reality.function_role_id
        ).targets
        for environment in range(ENVIRONMENTS):
            self.start_cold(environment)

    def start_cold(self, environment: int) -> None:
        """A new environment knows no addresses. Its AWS clients are kept: they would take most of the time."""
        warm = self.environments[environment]
        self.environments[environment] = _make_cache(warm.sessions)

    def forget_sessions(self) -> None:
        """A new environment, which has assumed no role yet."""
        self.environments[0] = _start_environment(0, self.aws, self.reality)

    def run(
        self, targets: Sequence[Target], *, environment: int, now: datetime, seconds: float, force: bool
    ) -> tuple[Result, ...]:
        return run_targets(
            tuple(targets),
            options=RunOptions(renew_before=self.renew_before, seconds=seconds, force=force),
            cache=self.environments[environment],
            now=lambda: now,
            verify_login=self.verify_login,
        )


@contextmanager
def install(reality: Reality, clusters: Mapping[str, Cluster]) -> Iterator[Installation]:
    """Start the servers, and connect the function with them."""
    with ExitStack() as stack:
        stack.enter_context(mock.patch.dict(os.environ))
        # Read the models of the services once, not for each new environment.
        stack.enter_context(mock.patch.object(botocore.session, "create_loader", _load_models))
        fronts = {
            name: stack.enter_context(serve_cluster(reality, cluster, role=FUNCTION))
            for name, cluster in clusters.items()
        }
        reality.grants = {NEAR: FUNCTION, FAR: FUNCTION, SHARED: PULL_ROLE}
        registries = {host: stack.enter_context(serve_registry(reality, host)) for host in reality.grants}
        aws = stack.enter_context(serve_aws(reality, lambda name: (fronts[name].url, fronts[name].ca_pem)))
        http = LoopbackClient({host: server.address for host, server in registries.items()})
        stack.callback(http.clear)
        yield Installation(
            reality=reality,
            clusters=clusters,
            fronts=fronts,
            registries=registries,
            aws=aws,
            environments=[_start_environment(number, aws, reality) for number in range(ENVIRONMENTS)],
            verify_login=partial(_verify_login, http),
        )


_load_models = cache(botocore.loaders.create_loader)


def _verify_login(
    http: LoopbackClient, host: str, token: AuthorizationToken, *, repository: str | None = None, seconds: float = 10
) -> Verification:
    return verify_login(host, token, repository=repository, http=http, seconds=seconds)


def _start_environment(number: int, aws: Server, reality: Reality) -> WarmCache:
    """Its credentials are those that Lambda would put into its environment."""
    key = f"ASIAENVIRONMENT{number}"
    reality.sessions[key] = number, FUNCTION
    os.environ |= {
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": f"secret-of-{key}",
        "AWS_SESSION_TOKEN": f"session-of-{key}",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
    }
    sessions = Sessions(region=REGION, attempts=1)
    sessions.credentials()  # now, before the next environment's are in their place
    return _make_cache(sessions)


def _make_cache(sessions: Sessions) -> WarmCache:
    return WarmCache(sessions=sessions, clients=ClientPool(make=_make_impatient_client))


def _make_impatient_client(address: Address) -> RESTClientObject:
    """It retries as the function's own does, but does not wait before."""
    client = make_api_client(address)
    keywords = client.pool_manager.connection_pool_kw
    retries = keywords["retries"]
    keywords["retries"] = retries.new(backoff_factor=0, retry_after_max=0)
    return client
