"""The types of `settings.yaml`: what the function does, and how it is deployed. They also define its JSON Schema."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Annotated, Literal

import msgspec

from argo_ecr_auth_settings.broken import attempt, read_items
from argo_ecr_auth_settings.credential_settings import CredentialSettings
from argo_ecr_auth_settings.document import KeyPath
from argo_ecr_auth_settings.field_types import (
    HOST_AND_PORT,
    ONE_LINE,
    Access,
    Account,
    CheckInterval,
    ClusterName,
    Duration,
    ExternalId,
    Namespace,
    Region,
    RoleArn,
)
from argo_ecr_auth_settings.profile_settings import ProfileName, ProfileSettings

OVERDUE_DIVISOR = 3
"""A token is overdue if it expires in less than `renew_before` divided by this: renewals have failed for hours."""

Architecture = Literal["arm64", "x86_64"]
# Amazon CloudWatch Logs API Reference, PutRetentionPolicy.
LogRetention = Literal[
    "1d",
    "3d",
    "5d",
    "7d",
    "14d",
    "30d",
    "60d",
    "90d",
    "120d",
    "150d",
    "180d",
    "365d",
    "400d",
    "545d",
    "731d",
    "1096d",
    "1827d",
    "2192d",
    "2557d",
    "2922d",
    "3288d",
    "3653d",
]


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
    account: Account | None = None
    namespace: Namespace = "argocd"
    enabled: Annotated[bool, msgspec.Meta(description="false: no schedule (a hibernated cluster).")] = True
    endpoint: (
        Annotated[
            str,
            msgspec.Meta(
                pattern=rf"^https://{HOST_AND_PORT}$(?!\n)",
                description="The API server's URL, https://HOST or https://HOST:PORT, for a cluster that "
                "DescribeCluster cannot reach; goes with certificate_authority.",
            ),
        ]
        | None
    ) = None
    certificate_authority: (
        Annotated[str, msgspec.Meta(description="Base64 of PEM certificates, as DescribeCluster gives it.")] | None
    ) = None
    role_arn: RoleArn | None = None
    external_id: ExternalId | None = None
    profile: ProfileName | None = None
    credentials: Annotated[
        tuple[CredentialSettings, ...], msgspec.Meta(description="Instead of the general credentials.")
    ] = ()
    access: Access | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The content of `settings.yaml`."""

    targets: tuple[TargetSettings, ...] = ()
    clusters: (
        Annotated[
            str,
            msgspec.Meta(
                pattern=ONE_LINE,
                description="A file of more targets, next to this one: a list, one line for each. "
                "`argo-ecr-auth settings discover` keeps it.",
            ),
        ]
        | None
    ) = None
    profiles: Annotated[
        dict[ProfileName, ProfileSettings],
        msgspec.Meta(description="Credentials by name, for targets that name a profile."),
    ] = {}
    credentials: Annotated[
        tuple[CredentialSettings, ...],
        msgspec.Meta(description="What each target without credentials of its own gets."),
    ] = ()
    renew_before: Annotated[
        Duration,
        msgspec.Meta(
            description="Renew when less than this, or half of the token's lifetime, is left; 10m to 6h.",
            extra_json_schema={"patternErrorMessage": "not a duration: write 6h or 1h30m, 10m to 6h"},
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
    check_every: Annotated[CheckInterval, msgspec.Meta(description="How often each target is checked; 1m to 1h.")] = (
        "2m"
    )
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
                pattern=r"^[!-?A-~]+@[!-?A-~]+\.[!-?A-~]+$(?!\n)",
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
    log_retention: Annotated[
        LogRetention, msgspec.Meta(description="Days after which CloudWatch deletes the function's log lines.")
    ] = "30d"
    log_key_arn: (
        Annotated[
            str,
            msgspec.Meta(
                pattern="^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$(?!\\n)",
                description="The ARN of a KMS key of yours that encrypts the function's log: "
                "arn:aws:kms:REGION:ACCOUNT:key/ID.",
            ),
        ]
        | None
    ) = None


def list_credentials(settings: Settings) -> Iterator[tuple[KeyPath, CredentialSettings]]:
    """Each credential with its path, the general ones first; a profile's only there, not for each of its targets."""
    for i, credential in enumerate(read_items(settings, "credentials")):
        yield ("credentials", i), credential
    for name, profile in attempt(list_profiles(settings)):
        yield from ((("profiles", name, "credentials", i), found) for i, found in enumerate(profile.credentials))
    for i, target in enumerate(read_items(settings, "targets")):
        for j, credential in enumerate(attempt(_list_own_credentials(target))):
            yield ("targets", i, "credentials", j), credential


def list_profiles(settings: Settings) -> Iterator[tuple[str, ProfileSettings]]:
    """The profiles by name."""
    yield from settings.profiles.items()


def _list_own_credentials(target: TargetSettings) -> Iterator[CredentialSettings]:
    if target.profile is None:
        yield from target.credentials


def choose_check_interval(target: TargetSettings, *, settings: Settings) -> str:
    """The target's check interval: its profile's, if that has one, or else the general one."""
    profile = settings.profiles[target.profile] if target.profile else None
    return (profile and profile.check_every) or settings.check_every


def parse_duration(text: str) -> timedelta:
    """A duration of the form that `Duration` allows."""
    units = {"h": "hours", "m": "minutes", "s": "seconds"}
    return timedelta(**{units[unit]: int(number) for number, unit in re.findall("([0-9]+)([hms])", text)})


def format_interval(interval: timedelta) -> str:
    """A check interval, which is of whole minutes."""
    return f"{interval // timedelta(minutes=1)}m"


def find_duplicates(values: Sequence[str]) -> Iterable[str]:
    """The values that are listed more than once."""
    return [value for value, count in Counter(values).items() if count > 1]
