"""The function's settings as they are written: their types, which also make the JSON Schema, and their faults."""

import base64
import re
import ssl
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

import msgspec

from argo_ecr_auth.registry import NotARegistryError, parse_registry

TOKEN_LIFE = timedelta(hours=12)
"""How long ECR's authorization tokens live (Amazon ECR API Reference, GetAuthorizationToken)."""

SHORTEST_RENEW_BEFORE = timedelta(minutes=10)
LONGEST_RENEW_BEFORE = timedelta(hours=11)

# Each pattern ends in `$(?!\n)`: Python's `$` alone lets a newline through.
# Kubernetes' own rules: RFC 1123 label for a namespace, subdomain for a Secret's name.
_LABEL = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$(?!\\n)"
_SUBDOMAIN = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$(?!\n)"

Duration = Annotated[
    str,
    msgspec.Meta(
        pattern="^([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?$(?!\\n)",
        min_length=2,
        description="A duration as Kubernetes writes it: 2m, 6h, 1h30m.",
    ),
]
Namespace = Annotated[str, msgspec.Meta(pattern=_LABEL, description="A Kubernetes namespace.")]
ClusterName = Annotated[
    str,
    msgspec.Meta(
        pattern="^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$(?!\\n)",
        description="The EKS cluster's name (not its ARN, not its URL).",
    ),
]
Region = Annotated[
    str,
    msgspec.Meta(pattern="^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$(?!\\n)", description="An AWS region, such as eu-west-1."),
]
RoleArn = Annotated[
    str,
    msgspec.Meta(
        pattern="^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$(?!\\n)",
        description="A role that you made: its ARN.",
    ),
]
ExternalId = Annotated[
    str,
    msgspec.Meta(
        pattern="^[A-Za-z0-9_+=,.@:/-]{2,1224}$(?!\\n)",
        description="What the role's trust policy asks for; goes with role_arn.",
    ),
]


class CredentialSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One Secret in one namespace, with its ConfigMap."""

    registry: Annotated[
        str, msgspec.Meta(description="The registry's host: ACCOUNT.dkr.ecr.REGION.amazonaws.com. No scheme, no path.")
    ]
    namespace: Namespace | None = None
    secret_name: Annotated[
        str, msgspec.Meta(pattern=_SUBDOMAIN, max_length=253, description="The Secret's and the ConfigMap's name.")
    ] = "ecr-auth"  # noqa: S105 - an object's name
    role_arn: RoleArn | None = None
    external_id: ExternalId | None = None


class TargetSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One EKS cluster."""

    cluster: ClusterName
    name: (
        Annotated[
            str,
            msgspec.Meta(
                pattern="^[0-9A-Za-z][A-Za-z0-9_.-]{0,99}$(?!\\n)",
                description="Names the target in events, results and logs; unique; the cluster's name where not given.",
            ),
        ]
        | None
    ) = None
    region: Region | None = None
    account: (
        Annotated[str, msgspec.Meta(pattern="^[0-9]{12}$(?!\\n)", description="The cluster's AWS account, in quotes.")]
        | None
    ) = None
    namespace: Namespace = "argocd"
    enabled: Annotated[bool, msgspec.Meta(description="false: no schedule (a hibernated cluster).")] = True
    endpoint: (
        Annotated[
            str,
            msgspec.Meta(
                pattern="^https://[^/\\s]+$(?!\\n)",
                description="The API server's URL, for a cluster that DescribeCluster cannot reach; "
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
        Duration, msgspec.Meta(description="Renew when less than this is left of the token's 12 h; 10m to 11h.")
    ] = "6h"


def load(text: bytes) -> Settings:
    """The settings of the asset's file (JSON). Raises msgspec.DecodeError where they are none."""
    return msgspec.json.decode(text, type=Settings)


def duration(text: str) -> timedelta:
    """A duration of the form that `Duration` allows."""
    units = {"h": "hours", "m": "minutes", "s": "seconds"}
    return timedelta(**{units[unit]: int(number) for number, unit in re.findall("([0-9]+)([hms])", text)})


def faults_of(settings: Settings, *, region: str | None = None, account: str | None = None) -> tuple[str, ...]:
    """What the types cannot say, all of it at once: each fault with its path, and what is allowed.

    `region` and `account` are where a target is that does not say it; None where that is not known.
    """
    return (
        *_faults_of_durations(settings),
        *_faults_of_credentials(settings),
        *_faults_of_targets(settings),
        *_faults_of_secrets(settings, region=region, account=account),
    )


def _faults_of_durations(settings: Settings) -> Iterator[str]:
    if not SHORTEST_RENEW_BEFORE <= duration(settings.renew_before) <= LONGEST_RENEW_BEFORE:
        yield f"renew_before: {settings.renew_before} is not between 10m and 11h (a token lives 12h)"


def _faults_of_credentials(settings: Settings) -> Iterator[str]:
    places = [("credentials", settings.credentials)]
    places += [(f"targets[{i}].credentials", target.credentials) for i, target in enumerate(settings.targets)]
    for place, credentials in places:
        for i, credential in enumerate(credentials):
            try:
                parse_registry(credential.registry)
            except NotARegistryError as fault:
                yield f"{place}[{i}].registry: {fault}"
            if credential.external_id and not credential.role_arn:
                yield f"{place}[{i}].external_id: goes with role_arn, which is missing"


def _faults_of_targets(settings: Settings) -> Iterator[str]:
    if not settings.targets:
        yield "targets: there is none; name at least one cluster"
    named: dict[str, str] = {}
    for i, target in enumerate(settings.targets):
        path = f"targets[{i}]"
        name = target.name or target.cluster
        if name in named:
            yield f"{path}.name: {name!r} is the name of {named[name]} already; give each a name of its own"
        named.setdefault(name, path)
        if target.external_id and not target.role_arn:
            yield f"{path}.external_id: goes with role_arn, which is missing"
        if (target.endpoint is None) != (target.certificate_authority is None):
            given, missing = "endpoint", "certificate_authority"
            if target.endpoint is None:
                given, missing = missing, given
            yield f"{path}.{missing}: missing; {given} and {missing} are given both or not at all"
        if target.certificate_authority is not None and not _is_pem(target.certificate_authority):
            yield f"{path}.certificate_authority: not the base64 of a PEM certificate, as DescribeCluster gives it"


def _faults_of_secrets(settings: Settings, *, region: str | None, account: str | None) -> Iterator[str]:
    written: dict[tuple[str | None, ...], str] = {}
    for i, target in enumerate(settings.targets):
        of_its_own = bool(target.credentials)
        credentials = target.credentials or settings.credentials
        if not credentials:
            yield f"targets[{i}].credentials: there is none, neither here nor in the general credentials"
        for j, credential in enumerate(credentials):
            path = f"targets[{i}].credentials[{j}]" if of_its_own else f"targets[{i}] with credentials[{j}]"
            namespace = credential.namespace or target.namespace
            cluster = (target.account or account, target.region or region, target.cluster)
            secret = (*cluster, namespace, credential.secret_name)
            if secret in written:
                yield (
                    f"{path}: the Secret {namespace}/{credential.secret_name} of cluster {target.cluster} "
                    f"is {written[secret]}'s already; give each its own secret_name"
                )
            written.setdefault(secret, path)


def _is_pem(base64_text: str) -> bool:
    try:
        ssl.PEM_cert_to_DER_cert(base64.b64decode(base64_text, validate=True).decode("ascii").strip())
    except ValueError:
        return False
    return True
