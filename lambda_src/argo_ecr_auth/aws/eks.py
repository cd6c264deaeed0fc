"""The address of a cluster's API server, from EKS."""

import base64
from dataclasses import dataclass

from argo_ecr_auth.aws.sessions import Principal
from argo_ecr_auth.core.errors import AwsRefusalError, SyncError


@dataclass(frozen=True, kw_only=True)
class Address:
    """An API server's URL and the PEM of the authority that signs its certificate."""

    endpoint: str
    certificate_authority: str


def describe_cluster(principal: Principal, *, cluster: str, region: str) -> Address:
    """Ask EKS for the address of the cluster of this name. Raises SyncError."""
    doing = f"find the API server of the EKS cluster {cluster} in {region}"
    try:
        answer = principal.call(
            "eks",
            "describe_cluster",
            region=region,
            doing=doing,
            permission="eks:DescribeCluster on it",
            parameters={"name": cluster},
        )
    except AwsRefusalError as refusal:
        if refusal.code != "ResourceNotFoundException":
            raise
        raise SyncError(
            failed=f"there is no EKS cluster {cluster} in {region}",
            remedy="correct the target's cluster or region, or remove it",
        ) from None
    try:
        described = answer["cluster"]
        endpoint = described.get("endpoint")
        authority = (described.get("certificateAuthority") or {}).get("data")
        if not endpoint or not authority:
            status = described.get("status", "unknown")
            why = f"it has no endpoint and authority yet (its status is {status})"
            raise SyncError(failed=f"cannot {doing}", why=why)
        pem = base64.b64decode(authority, validate=True).decode("ascii")
    except ValueError:
        raise SyncError(failed=f"cannot {doing}", why="its certificate authority is not base64 of a PEM") from None
    except (AttributeError, KeyError, TypeError):
        raise SyncError(failed=f"cannot {doing}", why="the response contains no cluster") from None
    return Address(endpoint=str(endpoint), certificate_authority=pem)
