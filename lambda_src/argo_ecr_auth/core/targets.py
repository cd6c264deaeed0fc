"""The targets of a run and their credentials: the settings with every default filled in."""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from argo_ecr_auth.core.kinds import Kind
from argo_ecr_auth.core.registry import Registry, parse_registry
from argo_ecr_auth.core.settings import ChartType, CredentialSettings, SecretSettings, Settings


@dataclass(frozen=True, kw_only=True)
class Role:
    """A role to assume, instead of the function's own."""

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
    # The unique id of the function's own role, where no other is assumed: a token has the rights of the role that
    # requests it.
    function_role_id: str | None = None
    verify_login: bool = True
    verify_repository: str | None = None
    # The user's own, on the Secret beside ours.
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
    region: str
    enabled: bool
    endpoint: str | None
    certificate_authority: str | None
    credentials: tuple[Credential, ...]
    account: str | None = None  # None: the function's, which the function itself need not know
    role: Role | None = None  # to reach the cluster with


def resolve_targets(
    settings: Settings, *, region: str, account: str | None = None, function_role_id: str | None = None
) -> tuple[Target, ...]:
    """The targets with every default filled in; `region` and `account` are those of a target that names none.

    `function_role_id` is the unique id of the function's own role. The settings have no faults (rules.py); otherwise
    this raises a ValueError.
    """
    return tuple(
        Target(
            name=target.name or target.cluster,
            cluster=target.cluster,
            region=target.region or region,
            enabled=target.enabled,
            endpoint=target.endpoint,
            certificate_authority=_pem(target.certificate_authority),
            credentials=tuple(
                resolved
                for credential in target.credentials or settings.credentials
                for namespace in credential.list_namespaces(default=target.namespace)
                for resolved in _credentials(credential, namespace=namespace, function_role_id=function_role_id)
            ),
            account=target.account or account,
            role=_role(target.role_arn, target.external_id),
        )
        for target in settings.targets
    )


def _credentials(written: CredentialSettings, *, namespace: str, function_role_id: str | None) -> Iterator[Credential]:
    registries = tuple(parse_registry(host) for host in written.hosts)
    for secret in written.secrets:
        yield Credential(
            namespace=namespace,
            secret_name=secret.name,
            registries=registries,
            kind=secret.kind,
            type=secret.type,
            url=None if secret.type is None else _make_url(written, secret),
            name=written.name,
            project=written.project,
            proxy=written.proxy,
            no_proxy=written.no_proxy,
            role=_role(written.role_arn, written.external_id),
            function_role_id=None if written.role_arn else function_role_id,
            verify_login=written.verify == "login",
            verify_repository=written.verify_repository,
            labels=written.labels,
            annotations=written.annotations,
        )


def _make_url(written: CredentialSettings, secret: SecretSettings) -> str:
    """The URL as Argo CD matches it: a template serves all that begins with its own, so that its host ends in a slash.

    Without it, `HOST.example.org` would begin with `HOST` too (argo-cd, util/db/repository_secrets.go).
    """
    place = (written.url or written.hosts[0]).removeprefix("oci://").removesuffix("/")
    if secret.kind == "repo-creds" and (place in written.hosts or (written.url or "").endswith("/")):
        place += "/"
    return f"oci://{place}" if secret.type == "oci" else place


def _pem(base64_text: str | None) -> str | None:
    return None if base64_text is None else base64.b64decode(base64_text).decode("ascii")


def _role(arn: str | None, external_id: str | None) -> Role | None:
    return Role(arn=arn, external_id=external_id) if arn else None
