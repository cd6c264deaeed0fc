"""The types of a credential in `settings.yaml`."""

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from argo_ecr_auth.core.kinds import Kind
from argo_ecr_auth.core.targets import ChartType
from argo_ecr_auth_settings.document import KeyPath
from argo_ecr_auth_settings.field_types import (
    HOST_AND_PORT,
    ONE_LINE,
    REPOSITORY,
    SUBDOMAIN,
    ExternalId,
    LabelValue,
    MetadataKey,
    Namespace,
    RoleArn,
)

Registry = Annotated[str, msgspec.Meta(description="The registry's host. No scheme, no path.")]
RepositoryPattern = Annotated[
    str,
    msgspec.Meta(
        pattern="^[a-z0-9*?][a-z0-9._/*?-]*$(?!\\n)",
        max_length=256,
        description="A repository's name in lower case; * stands for anything, ? for one character.",
    ),
]
SettingsKind = Literal["argo-cd", "repository", "repo-creds", "kargo", "pull-secret"]


@dataclass(frozen=True, kw_only=True)
class SecretSettings:
    """One of a credential's Secrets."""

    name: str
    kind: Kind
    type: ChartType | None  # None for what is not for Argo CD


class CredentialSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One Secret in one namespace, with its ConfigMap, and what its token may pull.

    `argo-cd` creates three of both, `kargo` and `repo-creds` without `type` two.
    """

    registry: Annotated[
        Registry | Annotated[tuple[Registry, ...], msgspec.Meta(min_length=1)],
        msgspec.Meta(
            description="The registry's host: ACCOUNT.dkr.ecr.REGION.amazonaws.com, or public.ecr.aws. No scheme, no "
            "path. A list of several is for a pull-secret: their hosts are in one Secret."
        ),
    ]
    namespace: Annotated[
        Namespace | Annotated[tuple[Namespace, ...], msgspec.Meta(min_length=1)] | None,
        msgspec.Meta(
            description="A Kubernetes namespace: lower-case letters, digits and hyphens; at most 63. Each namespace of "
            "a list has such a Secret and ConfigMap."
        ),
    ] = None
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
            "repository: one URL for Argo CD; repo-creds: a credential template for all URLs below one; kargo: images "
            "and charts that Kargo reads from this registry; pull-secret: for Image Updater and kubelet."
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
                max_length=253,
                description="Argo CD's name for the repository: ecr. ASCII. With a name it also serves charts that "
                "depend on the registry, and Argo CD sends the token to hosts that only look like it.",
            ),
        ]
        | None
    ) = None
    project: (
        Annotated[
            str,
            msgspec.Meta(
                pattern=ONE_LINE,
                max_length=253,
                description="The only Argo CD project that may use it; of a repo-creds, Argo CD ignores it, and "
                "argocd-agent copies it to the agents of this project.",
            ),
        ]
        | None
    ) = None
    proxy: (
        Annotated[
            str,
            msgspec.Meta(
                pattern=rf"^(https?|socks5)://{HOST_AND_PORT}/?$(?!\n)",
                description="The proxy through which Argo CD reaches the registry: http://HOST:PORT, without a "
                "password.",
            ),
        ]
        | None
    ) = None
    no_proxy: (
        Annotated[
            str,
            msgspec.Meta(
                pattern=ONE_LINE,
                max_length=4_096,
                description="The hosts that Argo CD reaches without the proxy. One line.",
            ),
        ]
        | None
    ) = None
    role_arn: RoleArn | None = None
    external_id: ExternalId | None = None
    labels: Annotated[
        dict[MetadataKey, LabelValue],
        msgspec.Meta(description="Labels of yours on the Secret and its ConfigMap, for a policy or a backup tool."),
    ] = {}
    annotations: Annotated[
        dict[MetadataKey, str],
        msgspec.Meta(
            description="Annotations of yours on the Secret and its ConfigMap, for a policy or a backup tool."
        ),
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
    def hosts(self) -> tuple[str, ...]:
        """The registries' hosts."""
        return tuple(host for _, host in self.hosts_by_path)

    @property
    def hosts_by_path(self) -> tuple[tuple[KeyPath, str], ...]:
        """The registries' hosts, each with its path."""
        if isinstance(self.registry, str):
            return ((("registry",), self.registry),)
        return tuple((("registry", i), host) for i, host in enumerate(self.registry))

    def list_namespaces(self, *, default: str) -> tuple[str, ...]:
        """The namespaces of its Secrets; `default` is the target's."""
        namespace = self.namespace or default
        return (namespace,) if isinstance(namespace, str) else namespace

    @property
    def secrets(self) -> tuple[SecretSettings, ...]:
        """Its Secrets. A `repository` is for one URL, a pair of templates for all URLs below it."""
        name = self.secret_name
        match self.kind:
            case "pull-secret":
                return (SecretSettings(name=name, kind="pull-secret", type=None),)
            case "kargo":
                return (
                    SecretSettings(name=name, kind="kargo-image", type=None),
                    SecretSettings(name=f"{name}-helm", kind="kargo-helm", type=None),
                )
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
