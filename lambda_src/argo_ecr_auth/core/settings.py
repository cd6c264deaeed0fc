"""The function's settings as they are written: their types, which also make the JSON Schema."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

import msgspec

from argo_ecr_auth.core.field_types import (
    ONE_LINE,
    REPOSITORY,
    SUBDOMAIN,
    ClusterName,
    Duration,
    ExternalId,
    LabelValue,
    MetadataKey,
    Namespace,
    Region,
    RoleArn,
)
from argo_ecr_auth.core.kinds import Kind

TOKEN_LIFE = timedelta(hours=12)
"""How long ECR's authorization tokens live (Amazon ECR API Reference, GetAuthorizationToken)."""

OVERDUE_DIVISOR = 3
"""A token is overdue with less left than `renew_before` divided by this: nobody has renewed it for hours."""

ChartType = Literal["helm", "oci"]
SettingsKind = Literal["argo-cd", "repository", "repo-creds", "pull-secret"]


@dataclass(frozen=True, kw_only=True)
class SecretSettings:
    """One of a credential's Secrets."""

    name: str
    kind: Kind
    type: ChartType | None  # None for a pull-secret


class CredentialSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One Secret in one namespace, with its ConfigMap; `argo-cd` makes three, `repo-creds` without `type` two."""

    registry: (
        Annotated[
            str,
            msgspec.Meta(
                description="The registry's host: ACCOUNT.dkr.ecr.REGION.amazonaws.com, or public.ecr.aws. "
                "No scheme, no path."
            ),
        ]
        | None
    ) = None
    registries: Annotated[
        tuple[str, ...],
        msgspec.Meta(description="Instead of registry, for a pull-secret: several hosts in one Secret."),
    ] = ()
    namespace: Namespace | None = None
    namespaces: Annotated[
        tuple[Namespace, ...],
        msgspec.Meta(description="Instead of namespace: one such Secret, with its ConfigMap, in each of several."),
    ] = ()
    secret_name: Annotated[
        str,
        msgspec.Meta(
            pattern=rf"^{SUBDOMAIN}$(?!\n)",
            max_length=253,
            description="The Secret's and the ConfigMap's name: lower-case letters, digits, - and .",
        ),
    ] = "ecr-auth"  # noqa: S105 - an object's name
    kind: Annotated[
        SettingsKind,
        msgspec.Meta(
            description="argo-cd: what Argo CD can ask of this registry, and no other host; repository: one URL for "
            "Argo CD; repo-creds: a credential template for all URLs below one; pull-secret: for Image Updater and "
            "kubelet."
        ),
    ] = "repository"
    type: (
        Annotated[
            ChartType,
            msgspec.Meta(
                description="helm (charts by name) or oci (oci:// URLs); a repo-creds without it is the pair."
            ),
        ]
        | None
    ) = None
    url: (
        Annotated[
            str,
            msgspec.Meta(
                pattern=rf"^(oci://)?[a-z0-9.-]+(/{REPOSITORY})?/?$(?!\n)",
                description="The registry's host, or HOST/PREFIX, in lower case; for type oci with or without oci://. "
                "A repo-creds may end in a slash.",
            ),
        ]
        | None
    ) = None
    name: (
        Annotated[
            str,
            msgspec.Meta(
                pattern=ONE_LINE,
                description="Argo CD's name for the repository: ecr. One line. With a name it also serves charts that "
                "depend on the registry, and Argo CD sends the token to hosts that only look like it.",
            ),
        ]
        | None
    ) = None
    project: (
        Annotated[
            str, msgspec.Meta(pattern=ONE_LINE, description="The only Argo CD project that may use it. One line.")
        ]
        | None
    ) = None
    proxy: (
        Annotated[
            str,
            msgspec.Meta(
                pattern=r"^(https?|socks5)://[^\s/@]+/?$(?!\n)",
                description="The proxy through which Argo CD asks the registry: http://HOST:PORT, without a password.",
            ),
        ]
        | None
    ) = None
    no_proxy: (
        Annotated[
            str,
            msgspec.Meta(pattern=ONE_LINE, description="The hosts that Argo CD asks without the proxy. One line."),
        ]
        | None
    ) = None
    role_arn: RoleArn | None = None
    external_id: ExternalId | None = None
    labels: Annotated[
        dict[MetadataKey, LabelValue],
        msgspec.Meta(description="Labels of yours on the Secret, for a replicator or a backup tool."),
    ] = {}
    annotations: Annotated[
        dict[MetadataKey, str],
        msgspec.Meta(description="Annotations of yours on the Secret, for a replicator or a backup tool."),
    ] = {}
    verify: Annotated[
        Literal["login", "off"], msgspec.Meta(description="login: a new token must log in before it replaces another.")
    ] = "login"
    verify_repository: (
        Annotated[
            str,
            msgspec.Meta(
                pattern=rf"^{REPOSITORY}$(?!\n)",
                description="A repository whose tags a new token should be able to list, such as charts/my-app.",
            ),
        ]
        | None
    ) = None

    @property
    def hosts_by_key(self) -> tuple[tuple[str, str], ...]:
        """The registries' hosts, each with the key that it is written under."""
        one = (("registry", self.registry),) if self.registry is not None else ()
        return (*one, *((f"registries[{i}]", host) for i, host in enumerate(self.registries)))

    @property
    def hosts(self) -> tuple[str, ...]:
        """The registries' hosts, however they are written."""
        return tuple(host for _, host in self.hosts_by_key)

    def list_namespaces(self, *, default: str) -> tuple[str, ...]:
        """The namespaces of its Secrets; `default` is the target's."""
        return self.namespaces or (self.namespace or default,)

    @property
    def secrets(self) -> tuple[SecretSettings, ...]:
        """Its Secrets. A `repository` is for one URL, and a pair of templates for all URLs below it."""
        name = self.secret_name
        match self.kind:
            case "pull-secret":
                return (SecretSettings(name=name, kind="pull-secret", type=None),)
            case "argo-cd":
                return (
                    SecretSettings(name=name, kind="repository", type="helm"),
                    SecretSettings(name=f"{name}-helm", kind="repo-creds", type="helm"),
                    SecretSettings(name=f"{name}-oci", kind="repo-creds", type="oci"),
                )
            case "repo-creds" if self.type is None:
                return (
                    SecretSettings(name=name, kind="repo-creds", type="helm"),
                    SecretSettings(name=f"{name}-oci", kind="repo-creds", type="oci"),
                )
            case kind:
                return (SecretSettings(name=name, kind=kind, type=self.type or "helm"),)


class TargetSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One EKS cluster."""

    cluster: ClusterName
    name: (
        Annotated[
            str,
            msgspec.Meta(
                pattern="^[0-9A-Za-z][A-Za-z0-9_.-]{0,99}$(?!\\n)",
                description="Names the target in events, results and logs: letters, digits, -, _ and .; unique; "
                "the cluster's name where not given.",
            ),
        ]
        | None
    ) = None
    region: Region | None = None
    account: (
        Annotated[
            str,
            msgspec.Meta(pattern="^[0-9]{12}$(?!\\n)", description="The cluster's AWS account: 12 digits."),
        ]
        | None
    ) = None
    namespace: Namespace = "argocd"
    enabled: Annotated[bool, msgspec.Meta(description="false: no schedule (a hibernated cluster).")] = True
    endpoint: (
        Annotated[
            str,
            msgspec.Meta(
                pattern="^https://[^/\\s]+$(?!\\n)",
                description="The API server's URL, https://HOST, for a cluster that DescribeCluster cannot reach; "
                "goes with certificate_authority.",
            ),
        ]
        | None
    ) = None
    certificate_authority: (
        Annotated[str, msgspec.Meta(description="Base64 of the PEM, as DescribeCluster gives it.")] | None
    ) = None
    role_arn: RoleArn | None = None
    external_id: ExternalId | None = None
    credentials: Annotated[
        tuple[CredentialSettings, ...], msgspec.Meta(description="Instead of the general credentials.")
    ] = ()


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the function gets as a file in its asset."""

    targets: tuple[TargetSettings, ...]
    credentials: Annotated[
        tuple[CredentialSettings, ...],
        msgspec.Meta(description="What each target without credentials of its own gets."),
    ] = ()
    renew_before: Annotated[
        Duration,
        msgspec.Meta(
            description="Renew when less than this is left of the token's 12 h; 10m to 11h.",
            extra_json_schema={"patternErrorMessage": "not a duration: write 6h or 1h30m, 10m to 11h"},
        ),
    ] = "6h"


def load_settings(text: bytes) -> Settings:
    """The settings of the asset's file (JSON). Raises msgspec.DecodeError where they are none."""
    return msgspec.json.decode(text, type=Settings)


def parse_duration(text: str) -> timedelta:
    """A duration of the form that `Duration` allows."""
    units = {"h": "hours", "m": "minutes", "s": "seconds"}
    return timedelta(**{units[unit]: int(number) for number, unit in re.findall("([0-9]+)([hms])", text)})
