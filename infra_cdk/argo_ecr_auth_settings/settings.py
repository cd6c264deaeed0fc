"""The types of `settings.yaml`: what the function does, and how it is deployed. They also define its JSON Schema."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal, get_args

import msgspec

from argo_ecr_auth.core.kinds import Kind
from argo_ecr_auth.core.targets import ChartType
from argo_ecr_auth_settings.field_types import (
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

OVERDUE_DIVISOR = 3
"""A token is overdue if it expires in less than `renew_before` divided by this: renewals have failed for hours."""


SettingsKind = Literal["argo-cd", "repository", "repo-creds", "pull-secret"]


@dataclass(frozen=True, kw_only=True)
class SecretSettings:
    """One of a credential's Secrets."""

    name: str
    kind: Kind
    type: ChartType | None  # None for a pull-secret


Access = Annotated[
    Literal["least-privilege", "edit-policy", "none"],
    msgspec.Meta(
        description="least-privilege: a Role of the named objects, to be applied; edit-policy: EKS's own policy, "
        "wider, nothing to apply; none: you set up access yourself."
    ),
]
RepositoryPattern = Annotated[
    str,
    msgspec.Meta(
        pattern="^[a-z0-9*?][a-z0-9._/*?-]*$(?!\\n)",
        max_length=256,
        description="A repository's name in lower case; * stands for anything, ? for one character.",
    ),
]
Runtime = Literal["python3.11", "python3.12", "python3.13", "python3.14"]
RUNTIMES: tuple[str, ...] = get_args(Runtime)
Architecture = Literal["arm64", "x86_64"]


class VpcSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The function's VPC, for clusters whose API server it cannot reach otherwise."""

    id: Annotated[
        str, msgspec.Meta(pattern="^vpc-[0-9a-f]{8,17}$(?!\\n)", description="The VPC, such as vpc-0123abcd.")
    ]
    subnets: Annotated[
        tuple[
            Annotated[
                str,
                msgspec.Meta(
                    pattern="^subnet-[0-9a-f]{8,17}$(?!\\n)", description="A subnet, such as subnet-0123abcd."
                ),
            ],
            ...,
        ],
        msgspec.Meta(min_length=1, description="At least one; with a route to AWS and to the clusters."),
    ]
    security_groups: Annotated[
        tuple[
            Annotated[
                str,
                msgspec.Meta(
                    pattern="^sg-[0-9a-f]{8,17}$(?!\\n)", description="A security group, such as sg-0123abcd."
                ),
            ],
            ...,
        ],
        msgspec.Meta(description="Without any, one is created that allows HTTPS and DNS out and nothing in."),
    ] = ()


class CredentialSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One Secret in one namespace, with its ConfigMap, and what its token may pull.

    `argo-cd` creates three of both, `repo-creds` without `type` two.
    """

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
            description="argo-cd: everything that Argo CD requests from this registry, and no other host; "
            "repository: one URL for Argo CD; repo-creds: a credential template for all URLs below one; pull-secret: "
            "for Image Updater and kubelet."
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
                description="The proxy through which Argo CD reaches the registry: http://HOST:PORT, without a "
                "password.",
            ),
        ]
        | None
    ) = None
    no_proxy: (
        Annotated[
            str,
            msgspec.Meta(pattern=ONE_LINE, description="The hosts that Argo CD reaches without the proxy. One line."),
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

    repositories: Annotated[
        tuple[RepositoryPattern, ...],
        msgspec.Meta(description="What the token may pull, as charts/* or charts/app; all of the registry without it."),
    ] = ()
    pull_through_cache: Annotated[
        bool, msgspec.Meta(description="true: a pull may fill ECR's cache of another registry.")
    ] = False

    @property
    def hosts_by_key(self) -> tuple[tuple[str, str], ...]:
        """The registries' hosts, each with its key."""
        single = (("registry", self.registry),) if self.registry is not None else ()
        return (*single, *((f"registries[{i}]", host) for i, host in enumerate(self.registries)))

    @property
    def hosts(self) -> tuple[str, ...]:
        """The registries' hosts, from either key."""
        return tuple(host for _, host in self.hosts_by_key)

    def list_namespaces(self, *, default: str) -> tuple[str, ...]:
        """The namespaces of its Secrets; `default` is the target's."""
        return self.namespaces or (self.namespace or default,)

    @property
    def secrets(self) -> tuple[SecretSettings, ...]:
        """Its Secrets. A `repository` is for one URL, a pair of templates for all URLs below it."""
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
    """One EKS cluster, and how the function gets access to it."""

    cluster: ClusterName
    name: (
        Annotated[
            str,
            msgspec.Meta(
                pattern="^[0-9A-Za-z][A-Za-z0-9_.-]{0,99}$(?!\\n)",
                description="Names the target in events, results and logs: letters, digits, -, _ and .; unique; "
                "the cluster's name by default.",
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
    access: Access | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The content of `settings.yaml`."""

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
    installation: Annotated[
        str,
        msgspec.Meta(
            pattern="^[a-z][a-z0-9-]{0,38}[a-z0-9]$(?!\\n)",
            description="Names the stack, the Kubernetes group and the Role: lower-case letters, digits and hyphens; "
            "2 to 40 of them.",
        ),
    ] = "argo-ecr-auth"
    check_every: Annotated[
        Duration,
        msgspec.Meta(
            description="How often each target is checked; 1m to 1h.",
            extra_json_schema={"patternErrorMessage": "not a duration: write 2m or 1h, 1m to 1h in whole minutes"},
        ),
    ] = "2m"
    access: Access = "least-privilege"
    architecture: Architecture = "arm64"
    vpc: VpcSettings | None = None
    monitoring: Annotated[bool, msgspec.Meta(description="false: no alarms and no dashboard.")] = True
    per_target_metrics: Annotated[
        bool, msgspec.Meta(description="true: also five metrics for each target; each costs money each month.")
    ] = False
    alarm_email: (
        Annotated[
            str,
            msgspec.Meta(
                pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$(?!\n)",
                description="An e-mail address that the alarms are sent to.",
            ),
        ]
        | None
    ) = None
    alarm_topic_arn: (
        Annotated[
            str,
            msgspec.Meta(
                pattern=r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$(?!\n)",
                description="The ARN of an SNS topic of yours that the alarms are sent to: "
                "arn:aws:sns:REGION:ACCOUNT:NAME.",
            ),
        ]
        | None
    ) = None
    runtime: Annotated[
        Runtime | None,
        msgspec.Meta(
            description="The function's Python, which must also be that of the synth; by default the synth's."
        ),
    ] = None


def list_credentials(settings: Settings) -> Iterator[tuple[str, CredentialSettings]]:
    """Each credential with its path, the general ones first."""
    for i, credential in enumerate(settings.credentials):
        yield f"credentials[{i}]", credential
    for i, target in enumerate(settings.targets):
        for j, credential in enumerate(target.credentials):
            yield f"targets[{i}].credentials[{j}]", credential


def parse_duration(text: str) -> timedelta:
    """A duration of the form that `Duration` allows."""
    units = {"h": "hours", "m": "minutes", "s": "seconds"}
    return timedelta(**{units[unit]: int(number) for number, unit in re.findall("([0-9]+)([hms])", text)})
