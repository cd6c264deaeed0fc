"""Resolves settings to targets, with every default filled in."""

import base64
import re
from collections.abc import Iterator

import msgspec

from argo_ecr_auth.core.registry import PUBLIC_HOSTS, parse_registry
from argo_ecr_auth.core.targets import Configuration, Credential, Role, Target
from argo_ecr_auth_settings.credential_settings import CredentialSettings, SecretSettings
from argo_ecr_auth_settings.field_types import REPOSITORY
from argo_ecr_auth_settings.settings import Settings, choose_check_interval, parse_duration


def format_targets_file(settings: Settings, *, region: str | None = None) -> bytes:
    """The asset's targets.json, in a stable order. `region` is None if it is unknown at synth.

    Settings that only concern the deployment change neither this file nor the asset.
    """
    configuration = Configuration(
        targets=resolve_targets(settings, region=region or ""),
        renew_before=parse_duration(settings.renew_before),
    )
    return msgspec.json.format(msgspec.json.encode(configuration, order="deterministic"), indent=1)


def resolve_targets(settings: Settings, *, region: str, account: str | None = None) -> tuple[Target, ...]:
    """The targets with every default filled in. `region` and `account` are the defaults of targets that set none.

    The settings must be valid (validation.py); otherwise this raises ValueError.
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
                for resolved in _credentials(credential, namespace=namespace)
            ),
            check_every=parse_duration(choose_check_interval(target, settings=settings)),
            account=target.account or account,
            role=_role(target.role_arn, target.external_id),
        )
        for target in settings.targets
    )


def _credentials(written: CredentialSettings, *, namespace: str) -> Iterator[Credential]:
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
            verify_login=written.verify == "login",
            verify_repository=written.verify_repository or _find_repository(written),
            labels=written.labels,
            annotations=written.annotations,
        )


def _make_url(written: CredentialSettings, secret: SecretSettings) -> str:
    """The URL in the form that Argo CD matches.

    A template matches every URL that starts with its own. So its host ends in a slash: `HOST` would also match
    `HOST.example.org` (argo-cd, util/db/repository_secrets.go).
    """
    place = (written.url or written.hosts[0]).removeprefix("oci://").removesuffix("/")
    if secret.kind == "repo-creds" and (place in written.hosts or (written.url or "").endswith("/")):
        place += "/"
    return f"oci://{place}" if secret.type == "oci" else place


def _pem(base64_text: str | None) -> str | None:
    return None if base64_text is None else base64.b64decode(base64_text).decode("ascii")


def _role(arn: str | None, external_id: str | None) -> Role | None:
    return Role(arn=arn, external_id=external_id) if arn else None


def _find_repository(credential: CredentialSettings) -> str | None:
    """The repository that a new token should be able to list: the first one that the credential names.

    A login does not show a missing permission to pull. None if the repository may not exist yet.
    """
    may_be_missing = len(credential.hosts) > 1 or credential.hosts[0] in PUBLIC_HOSTS or credential.pull_through_cache
    if credential.verify == "off" or may_be_missing:
        return None
    return next((name for name in credential.repositories if re.fullmatch(REPOSITORY, name)), None)
