"""A bearer token for an EKS cluster's API server: a presigned STS request, made here without a network.

The rules are the verifier's (aws-iam-authenticator, pkg/token/token.go) and awscli's (eks/get_token.py).
"""

import base64

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

from argo_ecr_auth.core.registry import sts_host

_CLUSTER_HEADER = "x-k8s-aws-id"
_VALID_SECONDS = 60  # as awscli; the API server accepts up to 900


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
