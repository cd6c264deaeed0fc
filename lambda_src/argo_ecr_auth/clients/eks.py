"""Where a cluster's API server is."""

import base64
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from argo_ecr_auth.clients.sessions import explain_aws_error
from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.core.targets import Role


@dataclass(frozen=True, kw_only=True)
class Address:
    """An API server's URL and the PEM of the authority that its certificate must come from."""

    endpoint: str
    certificate_authority: str


def describe_cluster(client: Any, *, cluster: str, region: str, role: Role | None = None) -> Address:
    """Ask EKS for the address of the cluster of this name. Raises SyncError."""
    asked = f"EKS for the cluster {cluster} in {region}"
    try:
        answer = client.describe_cluster(name=cluster).get("cluster", {})
    except client.exceptions.ResourceNotFoundException:
        raise SyncError(
            f"there is no EKS cluster {cluster} in {region}: correct the target's cluster or region, or remove it"
        ) from None
    except (ClientError, BotoCoreError) as error:
        raise explain_aws_error(error, asked=asked, right="eks:DescribeCluster on it", role=role) from None
    endpoint, authority = answer.get("endpoint"), answer.get("certificateAuthority", {}).get("data")
    if not endpoint or not authority:
        status = answer.get("status", "unknown")
        raise SyncError(f"asked {asked}: it has no endpoint and authority yet (its status is {status})")
    try:
        pem = base64.b64decode(authority, validate=True).decode("ascii")
    except ValueError:
        raise SyncError(f"asked {asked}: its certificate authority is not base64 of a PEM") from None
    return Address(endpoint=endpoint, certificate_authority=pem)
