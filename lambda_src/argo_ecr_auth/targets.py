"""What a run works on: the settings with every default filled in."""

import base64
from dataclasses import dataclass

from argo_ecr_auth.registry import Registry, parse_registry
from argo_ecr_auth.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Role:
    """A role to assume, instead of the function's own."""

    arn: str
    external_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Credential:
    """A Secret and its ConfigMap, as they should be in one cluster."""

    namespace: str
    secret_name: str
    registry: Registry
    role: Role | None = None  # to ask ECR with


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
    role: Role | None = None  # to reach the cluster with


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
                    role=_role(credential.role_arn, credential.external_id),
                )
                for credential in target.credentials or settings.credentials
            ),
            role=_role(target.role_arn, target.external_id),
        )
        for target in settings.targets
    )


def _pem(base64_text: str | None) -> str | None:
    return None if base64_text is None else base64.b64decode(base64_text).decode("ascii")


def _role(arn: str | None, external_id: str | None) -> Role | None:
    return Role(arn=arn, external_id=external_id) if arn else None
