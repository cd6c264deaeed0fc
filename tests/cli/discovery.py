"""What the tests of discovery build: profiles, clusters and entries."""

from typing import Any

import msgspec

from argo_ecr_auth_cli.discovery.changes import ClusterKey, FoundCluster, Place
from argo_ecr_auth_settings.profile_settings import ProfileSettings
from tests.support.function import REGISTRY

ACCOUNT, OTHER = "111122223333", "444455556666"
REGION = "eu-west-1"
HERE = Place(account=ACCOUNT, region=REGION)
PROFILES = msgspec.convert(
    {
        "base": {
            "credentials": [{"registry": REGISTRY}],
            "allowed": {"accounts": [ACCOUNT, OTHER], "regions": [REGION], "clusters": ["*"]},
        },
        "team-b": {
            "credentials": [{"registry": REGISTRY, "secret_name": "team-b"}],
            "allowed": {"accounts": [OTHER], "regions": [REGION], "clusters": ["b-*"]},
        },
    },
    dict[str, ProfileSettings],
)


def make_cluster(name: str = "demo", *, account: str = ACCOUNT, **others: Any) -> FoundCluster:
    """An active cluster with the tag of the profile base, but for what is given."""
    keys = {"status": "ACTIVE", "authentication_mode": "API", "profile": "base", **others}
    return FoundCluster(key=ClusterKey(account=account, region=REGION, name=name), **keys)


def make_entry(
    cluster: str = "demo", *, account: str = ACCOUNT, profile: str = "base", **others: Any
) -> dict[str, Any]:
    return {"cluster": cluster, "region": REGION, "account": account, "profile": profile, **others}
