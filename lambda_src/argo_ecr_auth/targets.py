"""What a run works on: the settings with every default filled in."""

import base64
from dataclasses import dataclass

from argo_ecr_auth.registry import Registry, parse_registry
from argo_ecr_auth.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Credential:
    """A Secret and its ConfigMap, as they should be in one cluster."""

    namespace: str
    secret_name: str
    registry: Registry


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


def targets_of(settings: Settings, *, region: str) -> tuple[Target, ...]:
    """The targets with every default filled in; `region` is where a target without a region of its own is.

    The settings are free of faults (see `faults_of`); otherwise this raises a ValueError.
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
                Credential(
                    namespace=credential.namespace or target.namespace,
                    secret_name=credential.secret_name,
                    registry=parse_registry(credential.registry),
                )
                for credential in target.credentials or settings.credentials
            ),
        )
        for target in settings.targets
    )


def _pem(base64_text: str | None) -> str | None:
    return None if base64_text is None else base64.b64decode(base64_text).decode("ascii")
