"""The function without Lambda: its settings, its access to a cluster, and its runs."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import msgspec

from argo_ecr_auth.api_server.warm_cache import WarmCache
from argo_ecr_auth.aws.sessions import Sessions
from argo_ecr_auth.core.results import Result
from argo_ecr_auth.core.targets import Target, load_configuration
from argo_ecr_auth.credential import RunOptions
from argo_ecr_auth.run import run_targets
from argo_ecr_auth_settings.rbac import make_rbac_manifests
from argo_ecr_auth_settings.resolve import format_targets_file
from argo_ecr_auth_settings.settings import Settings
from argo_ecr_auth_settings.validation import find_faults
from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.local_cloud.environment import CLOSED_PROXY, REGION


class Administrator(Protocol):
    """Whoever may change an API server's objects."""

    def request(self, method: str, path: str, body: object = None, /) -> tuple[int, Any]:
        """The status and the JSON of the answer."""


GROUP = "argo-ecr-auth"
REGISTRY = "000000000000.dkr.ecr.us-east-1.amazonaws.com"
PERMISSIONS = ("ecr:GetAuthorizationToken", "eks:DescribeCluster")


def admit(cloud: LocalCloud, cluster: Cluster, role: str) -> None:
    """Create the access entry that the CDK app would create."""
    cloud.client("eks", account=cluster.account, region=cluster.region).create_access_entry(
        clusterName=cluster.name, principalArn=role, kubernetesGroups=[GROUP]
    )


def make_environment(cloud: LocalCloud, role: str) -> dict[str, str]:
    """The environment and credentials that Lambda would give a function with this role."""
    credentials = cloud.assume(role)
    return cloud.settings() | {
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials["SessionToken"],
        # Nothing leaves this machine: a connection to a registry of ECR is refused.
        "HTTPS_PROXY": CLOSED_PROXY,
        "https_proxy": CLOSED_PROXY,
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


def make_settings(*targets: dict[str, Any], **others: Any) -> Settings:
    """Settings as a user writes them, with one credential, of the original tool's shape, for targets without."""
    written = {"credentials": [{"registry": REGISTRY, "name": "ecr"}], "targets": targets, **others}
    settings = msgspec.convert(written, type=Settings)
    assert not find_faults(settings)
    return settings


def grant(admin: Administrator, *targets: Target) -> None:
    """Apply the manifests that the synth would write."""
    for target in targets:
        for manifest in make_rbac_manifests(target, group=GROUP):
            plural = {"Role": "roles", "RoleBinding": "rolebindings"}[manifest["kind"]]
            path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{manifest['metadata']['namespace']}/{plural}"
            status, answer = admin.request("POST", path, manifest)
            assert status == 201, answer


@dataclass(kw_only=True)
class Function:
    """The function in one warm environment, with its settings and a clock."""

    sessions: Sessions
    settings: Settings
    cache: WarmCache = field(init=False)
    now: datetime | None = None
    check_every: timedelta = timedelta()  # so that no run tries the token in the cluster because it is the hour for it

    def __post_init__(self) -> None:
        self.cache = WarmCache(sessions=self.sessions)

    @property
    def targets(self) -> tuple[Target, ...]:
        configuration = load_configuration(format_targets_file(self.settings), region=REGION, function_role_id=None)
        return tuple(replace(target, check_every=self.check_every) for target in configuration.targets)

    def run(self, *, seconds: float = 30, dry_run: bool = False, force: bool = False) -> tuple[Result, ...]:
        options = RunOptions(
            renew_before=timedelta(hours=6),
            seconds=seconds,
            dry_run=dry_run,
            force=force,
        )
        return run_targets(self.targets, options=options, cache=self.cache, now=lambda: self.now or datetime.now(UTC))

    def result(self, **order: Any) -> Result:
        """The result of a run over one credential."""
        (result,) = self.run(**order)
        return result


FunctionFactory = Callable[..., Function]
