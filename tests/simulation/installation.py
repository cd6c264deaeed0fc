"""The function with its targets in the simulated world: settings that change, environments that stay warm."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any

import botocore.loaders
import botocore.session
from kubernetes.client.rest import RESTClientObject

from argo_ecr_auth.api_server.transport import make_api_client
from argo_ecr_auth.api_server.warm_cache import WarmCache
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
from tests.local_cloud.registry import LoopbackAddress, LoopbackClient
from tests.simulation.api_server import ApiServer
from tests.simulation.reality import FUNCTION, Reality
from tests.simulation.servers import Server
from tests.simulation.services import serve_aws, serve_cluster, serve_registry
from tests.support.function import GROUP, make_settings

REGION = "us-east-1"
NEAR = "000000000000.dkr.ecr.us-east-1.amazonaws.com"
FAR = "000000000000.dkr.ecr.eu-west-1.amazonaws.com"
SHARED = "111111111111.dkr.ecr.us-east-1.amazonaws.com"
PULL_ROLE = "arn:aws:iam::111111111111:role/pull"
REACH_ROLE = "arn:aws:iam::111111111111:role/reach"
CLUSTERS = {"alpha": FUNCTION, "beta": REACH_ROLE, "gamma": FUNCTION}
"""The clusters, and the role that has an access entry in each."""
ENVIRONMENTS = 2

USERS = {"member": ("member", [GROUP])}


def _make_written(variant: str) -> dict[str, Any]:
    """Settings as a user writes them, in one of their variants."""
    first: dict[str, Any] = {"registry": FAR if variant == "another registry" else NEAR}
    if variant == "a label":
        first |= {"labels": {"team": "a"}, "annotations": {"note": "ours"}}
    if variant == "verify: off":
        first |= {"verify": "off"}
    if variant == "another project":
        first |= {"project": "apps"}
    pull = {"registry": [NEAR, FAR], "kind": "pull-secret", "secret_name": "pull"}
    template = {"registry": SHARED, "kind": "repo-creds", "role_arn": PULL_ROLE}
    targets = [
        {"cluster": "alpha", "credentials": [first, pull]},
        {"cluster": "beta", "role_arn": REACH_ROLE, "credentials": [template]},
        {"cluster": "gamma", "credentials": [{"registry": FAR}]},
    ]
    renew_before = {"renew_before: 2h": "2h", "renew_before: 11h": "11h"}.get(variant, "6h")
    return {"targets": targets, "renew_before": renew_before}


VARIANTS = (
    "as first",
    "a label",
    "another registry",
    "another project",
    "verify: off",
    "renew_before: 2h",
    "renew_before: 11h",
)


@dataclass(kw_only=True)
class Installation:
    """The world's servers, and the function that runs against them."""

    reality: Reality
    api_servers: Mapping[str, ApiServer]
    namespace: str
    fronts: Mapping[str, Server]
    registries: Mapping[str, Server]
    aws: Server
    caches: list[WarmCache]
    login: VerifyLogin
    variant: str = VARIANTS[0]
    targets: tuple[Target, ...] = ()
    renew_before: timedelta = field(default=timedelta(hours=6))

    def deploy(self, variant: str) -> None:
        """Other settings: also new environments."""
        self.variant = variant
        written = _make_written(variant)
        settings = make_settings(
            *({**target, "namespace": self.namespace} for target in written["targets"]),
            renew_before=written["renew_before"],
        )
        self.renew_before = parse_duration(settings.renew_before)
        self.targets = load_configuration(
            format_targets_file(settings), region=REGION, function_role_id=self.reality.function_role_id
        ).targets
        for environment in range(ENVIRONMENTS):
            self.start_cold(environment)

    def start_cold(self, environment: int) -> None:
        """A new environment knows no addresses. Its AWS clients are kept: they would take most of the time."""
        warm = self.caches[environment]
        self.caches[environment] = WarmCache(sessions=warm.sessions, make_api_client=warm.make_api_client)

    def forget_sessions(self) -> None:
        """A new environment, which has assumed no role yet."""
        self.caches[0] = _start_environment(0, self.aws, self.reality)

    def run(
        self, targets: tuple[Target, ...], *, environment: int, now: datetime, seconds: float, force: bool
    ) -> tuple[Result, ...]:
        options = RunOptions(renew_before=self.renew_before, seconds=seconds, force=force)
        cache = self.caches[environment]
        return run_targets(targets, options=options, cache=cache, now=lambda: now, verify_login=self.login)


@contextmanager
def install(
    reality: Reality, api_servers: Mapping[str, ApiServer], *, namespace: str, sessions: list[Sessions] | None = None
) -> Iterator[Installation]:
    """Start the servers, and connect the function with them."""
    with ExitStack() as stack:
        stack.enter_context(_shared_models())
        fronts = {
            name: stack.enter_context(serve_cluster(reality, name, role=role, api_server=api_servers[name]))
            for name, role in CLUSTERS.items()
        }
        hosts = {NEAR: FUNCTION, FAR: FUNCTION, SHARED: PULL_ROLE}
        registries = {host: stack.enter_context(serve_registry(reality, host)) for host in hosts}
        reality.grants = hosts
        aws = stack.enter_context(
            serve_aws(reality, lambda name: (f"https://127.0.0.1:{fronts[name].port}", fronts[name].ca_pem))
        )
        http = LoopbackClient(
            {
                host: LoopbackAddress(port=server.port, ca_pem=server.ca_pem, certificate_for="127.0.0.1")
                for host, server in registries.items()
            }
        )
        stack.callback(http.clear)
        caches = [_start_environment(number, aws, reality) for number in range(ENVIRONMENTS)]
        yield Installation(
            reality=reality,
            api_servers=api_servers,
            namespace=namespace,
            fronts=fronts,
            registries=registries,
            aws=aws,
            caches=caches,
            login=partial(_log_in, http),
        )


_load_models = cache(botocore.loaders.create_loader)


@contextmanager
def _shared_models() -> Iterator[None]:
    """Let botocore read its models of the services once, not for each new environment."""
    own = botocore.session.create_loader
    botocore.session.create_loader = _load_models
    try:
        yield
    finally:
        botocore.session.create_loader = own


def _log_in(
    http: LoopbackClient, host: str, token: AuthorizationToken, *, repository: str | None = None, seconds: float = 10
) -> Verification:
    return verify_login(host, token, repository=repository, http=http, seconds=seconds)


def _start_environment(number: int, aws: Server, reality: Reality) -> WarmCache:
    """Its credentials are those that Lambda would put into its environment."""
    key = f"ASIAENVIRONMENT{number}"
    reality.sessions[key] = number, FUNCTION
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{aws.port}",
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": f"secret-of-{key}",
        "AWS_SESSION_TOKEN": f"session-of-{key}",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
    }
    sessions = Sessions(region=REGION, attempts=1)
    sessions.credentials()  # now, before the next environment's are in their place
    return WarmCache(sessions=sessions, make_api_client=_make_impatient_client)


def _make_impatient_client(address: Address) -> RESTClientObject:
    """It tries again as the function's own does, but does not wait before."""
    client = make_api_client(address)
    keywords = client.pool_manager.connection_pool_kw
    retries = keywords["retries"]
    keywords["retries"] = retries.new(backoff_factor=0, retry_after_max=0)
    return client
