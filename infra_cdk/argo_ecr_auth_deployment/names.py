"""What stacks elsewhere and people refer to by its name: the same whatever else the settings say, and nobody else's."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class AccountRegion:
    """An account and a region; None where they are not known at synth."""

    account: str | None
    region: str | None


@dataclass(frozen=True, kw_only=True)
class HomeDeployment:
    """Where an installation is: its place, and what tells it from any other one there."""

    place: AccountRegion
    address: str


def name_function_role(*, installation: str, home: HomeDeployment) -> str:
    """At most 62 characters, of which IAM takes 64, as for every name of a role here."""
    return f"{installation}-function-{_digest_home(home)[:12]}"


def name_access_role(*, installation: str, home: HomeDeployment, place: AccountRegion) -> str:
    """The role in another account that the function assumes."""
    return f"{installation}-access-{digest(_digest_home(home), place.account or '', place.region or '')[:12]}"


def make_external_id(*, installation: str, home: HomeDeployment, place: AccountRegion) -> str:
    """Ties that role to this installation; stable, and no secret (IAM User Guide, the confused deputy problem)."""
    return f"{installation}-{digest(installation, _digest_home(home), place.account or '', place.region or '')[:32]}"


def name_access_stack(*, installation: str, home: HomeDeployment, of: str) -> str:
    """`of` is the clusters that it is for; another installation may have a stack for clusters of the same place."""
    return f"{installation}-access-{of}-{_digest_home(home)[:8]}"


def digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _digest_home(home: HomeDeployment) -> str:
    return digest(home.place.account or "", home.place.region or "", home.address)
