"""Physical names. They depend only on the installation and its location, and are unique to it."""

import hashlib
from dataclasses import dataclass

from argo_ecr_auth.core.registry import find_partition


@dataclass(frozen=True, kw_only=True)
class AccountRegion:
    """An account and a region; None if unknown at synth."""

    account: str | None
    region: str | None


@dataclass(frozen=True, kw_only=True)
class HomeDeployment:
    """The location of an installation: its account and region, and an address that is unique there."""

    place: AccountRegion
    address: str


def make_app_address(installation: str) -> str:
    """The address of infra_cdk/app.py's installation: its stack, and CDK's hash of the path (constructs, Node.addr)."""
    path = f"\n{installation}\nEcrAuth\n"
    return f"{installation}/c8{hashlib.sha1(path.encode()).hexdigest()}"  # noqa: S324 - not for security


def format_role_arn(name: str, *, account: str, region: str | None) -> str:
    """The ARN of an account's role, in the partition of the region."""
    return f"arn:{find_partition(region or '').name}:iam::{account}:role/{name}"


def name_function_role(*, installation: str, home: HomeDeployment) -> str:
    """At most 62 characters; IAM takes 64."""
    return f"{installation}-function-{_digest_home(home)[:12]}"


def name_access_role(*, installation: str, home: HomeDeployment, place: AccountRegion) -> str:
    """Name the role in another account that the function assumes."""
    return f"{installation}-access-{digest(_digest_home(home), place.account or '', place.region or '')[:12]}"


def make_external_id(*, installation: str, home: HomeDeployment, place: AccountRegion) -> str:
    """The external id of the access role: stable, and not a secret (IAM User Guide, the confused deputy problem)."""
    return f"{installation}-{digest(installation, _digest_home(home), place.account or '', place.region or '')[:32]}"


def name_access_stack(*, installation: str, home: HomeDeployment, clusters: str) -> str:
    """`clusters` identifies the clusters of the stack. Another installation may have a stack for the same clusters."""
    return f"{installation}-access-{clusters}-{_digest_home(home)[:8]}"


def digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _digest_home(home: HomeDeployment) -> str:
    return digest(home.place.account or "", home.place.region or "", home.address)
