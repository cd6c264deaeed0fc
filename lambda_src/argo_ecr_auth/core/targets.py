"""What the function keeps fresh: its targets and their credentials, with every default filled in.

The synth resolves them from the settings and writes them into the function's asset.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Literal

import msgspec

from argo_ecr_auth.core.kinds import Kind
from argo_ecr_auth.core.registry import Registry

TARGETS_FILE = "targets.json"  # at the asset's root

ChartType = Literal["helm", "oci"]


@dataclass(frozen=True, kw_only=True)
class Role:
    """A role that the function assumes for a request to AWS."""

    arn: str
    external_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Credential:
    """A Secret and its ConfigMap, as they should be in one cluster.

    `type`, `url`, `name` and `project` are Argo CD's keys, None where the kind has none; `url` as Argo CD reads it.
    """

    namespace: str
    secret_name: str
    registries: tuple[Registry, ...]  # several only in a pull-secret
    kind: Kind = "repository"
    type: ChartType | None = "helm"
    url: str | None
    name: str | None
    project: str | None = None
    proxy: str | None = None  # that the repo-server asks the registry through
    no_proxy: str | None = None
    role: Role | None = None  # to ask ECR with
    # The unique ID of the role that asks, where it is known. A recreated role has the same ARN, and its earlier tokens
    # are worth nothing.
    role_id: str | None = None
    verify_login: bool = True
    verify_repository: str | None = None
    # The user's own, on both objects beside ours.
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def registry(self) -> str:
        """The registry's host, or all of them, as results and the ConfigMap name it."""
        return ",".join(registry.host for registry in self.registries)


@dataclass(frozen=True, kw_only=True)
class Target:
    """An EKS cluster with its credentials; `endpoint` and `certificate_authority` (PEM) are both given or both None."""

    name: str
    cluster: str
    region: str  # in the asset's file, empty: the function's own
    enabled: bool
    endpoint: str | None
    certificate_authority: str | None
    credentials: tuple[Credential, ...]
    check_every: timedelta
    account: str | None = None  # None: the function's, which the function itself need not know
    role: Role | None = None  # to ask EKS for the cluster's address with


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """What the asset's file of targets holds."""

    targets: tuple[Target, ...]
    renew_before: timedelta


def load_configuration(text: bytes, *, region: str, function_role_id: str | None) -> Configuration:
    """The file's content, with what only the running function knows: its region, and its role's unique ID.

    Raises msgspec.DecodeError if it is something else.
    """
    configuration = msgspec.json.decode(text, type=Configuration)
    targets = tuple(
        replace(
            target,
            region=target.region or region,
            credentials=tuple(
                replace(credential, role_id=None if credential.role else function_role_id)
                for credential in target.credentials
            ),
        )
        for target in configuration.targets
    )
    return replace(configuration, targets=targets)
