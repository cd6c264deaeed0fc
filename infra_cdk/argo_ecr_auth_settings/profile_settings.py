"""The types of a profile in `settings.yaml`: credentials, and the clusters that may have them."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Annotated

import msgspec

from argo_ecr_auth_settings.credential_settings import CredentialSettings
from argo_ecr_auth_settings.field_types import Access, Account, CheckInterval, ExternalId, Region, RoleName

ProfileName = Annotated[
    str,
    msgspec.Meta(
        pattern="^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$(?!\\n)",
        description="One of the profiles: lower-case letters, digits and hyphens; at most 63.",
    ),
]
ClusterPattern = Annotated[
    str,
    msgspec.Meta(
        pattern="^[0-9A-Za-z*?][A-Za-z0-9_*?-]{0,99}$(?!\\n)",
        description="A cluster's whole name; * stands for anything, ? for one character.",
    ),
]


class AllowedClusters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which clusters may have a profile: those that match all three lists."""

    accounts: Annotated[tuple[Account, ...], msgspec.Meta(min_length=1, description="Their AWS accounts.")]
    regions: Annotated[tuple[Region, ...], msgspec.Meta(min_length=1, description="Their AWS regions.")]
    clusters: Annotated[
        tuple[ClusterPattern, ...],
        msgspec.Meta(
            min_length=1, description="Patterns of their whole names; * stands for anything, ? for one character."
        ),
    ]

    def find_refusals(self, *, cluster: str, account: str | None, region: str | None) -> Iterator[tuple[str, str]]:
        """What is not allowed: the target's key and its value. An account or region of None is not known."""
        if account is not None and account not in self.accounts:
            yield "account", account
        if region is not None and region not in self.regions:
            yield "region", region
        if not any(fnmatchcase(cluster, pattern) for pattern in self.clusters):
            yield "cluster", cluster


class ProfileSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Credentials that targets may name together."""

    credentials: Annotated[
        tuple[CredentialSettings, ...], msgspec.Meta(min_length=1, description="What each of its targets gets.")
    ]
    allowed: AllowedClusters
    access: Annotated[Access | None, msgspec.Meta(description="Of its targets, instead of the general one.")] = None
    check_every: Annotated[
        CheckInterval | None, msgspec.Meta(description="Of its targets, instead of the general one; 1m to 1h.")
    ] = None
    role_name: Annotated[
        RoleName | None,
        msgspec.Meta(
            description="A role of yours in each other account, with which the function describes the cluster; as a "
            "target's role_arn, you create the access then."
        ),
    ] = None
    external_id: ExternalId | None = None
