"""A bearer token for an EKS cluster's API server: a presigned STS request, made here without a network.

The rules are the verifier's (aws-iam-authenticator, pkg/token/token.go) and awscli's (eks/get_token.py).
"""

import base64
from dataclasses import dataclass, field

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

from argo_ecr_auth.core.registry import sts_host

_CLUSTER_HEADER = "x-k8s-aws-id"
_VALID_SECONDS = 900  # the most that the API server accepts
_KEPT_SECONDS = 600  # kubectl keeps one for 840; the rest is for clocks that differ


def sign_bearer_token(*, credentials: ReadOnlyCredentials, cluster: str, region: str) -> str:
    """A token with which the credentials' principal speaks to the cluster of this name, in this region.

    Signed for an explicit regional host: an endpoint from the environment would make a URL that EKS refuses.
    """
    request = AWSRequest(
        method="GET",
        url=f"https://{sts_host(region)}/?Action=GetCallerIdentity&Version=2011-06-15",
        headers={_CLUSTER_HEADER: cluster},
    )
    SigV4QueryAuth(credentials, "sts", region, expires=_VALID_SECONDS).add_auth(request)
    return "k8s-aws-v1." + base64.urlsafe_b64encode(str(request.url).encode()).decode().rstrip("=")


@dataclass(frozen=True, kw_only=True)
class Bearer:
    """A bearer token, by whose credentials it was signed, and when (Unix time)."""

    access_key: str | None
    signed_at: float
    token: str = field(repr=False)


def renew_bearer(
    kept: Bearer | None, *, credentials: ReadOnlyCredentials, cluster: str, region: str, now: float
) -> Bearer:
    """The kept one for ten minutes, then a new one: to sign one is a sixth of a run's processor time.

    Credentials that were renewed sign again, so that no token outlasts the session that it was signed by. `now` is the
    signature's clock; a monotonic one stands still in a frozen environment.
    """
    if kept and kept.access_key == credentials.access_key and 0 <= now - kept.signed_at < _KEPT_SECONDS:
        return kept
    token = sign_bearer_token(credentials=credentials, cluster=cluster, region=region)
    return Bearer(access_key=credentials.access_key, signed_at=now, token=token)
