"""Where a cluster's API server is."""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from argo_ecr_auth.errors import SyncError
from argo_ecr_auth.sessions import aws_error


@dataclass(frozen=True, kw_only=True)
class Address:
    """An API server's URL and the PEM of the authority that its certificate must come from."""

    endpoint: str
    certificate_authority: str


def describe_cluster(client: Any, *, cluster: str, region: str) -> Address:
    """Ask EKS for the address of the cluster of this name. Raises SyncError."""
    asked = f"EKS for the cluster {cluster} in {region}"
    try:
        answer = client.describe_cluster(name=cluster)["cluster"]
    except client.exceptions.ResourceNotFoundException:
        raise SyncError(
            f"there is no EKS cluster {cluster} in {region}: correct the target's cluster or region, or remove it"
        ) from None
    except (ClientError, BotoCoreError) as error:
        raise aws_error(error, asked=asked, remedy="the role needs eks:DescribeCluster on it") from None
    try:
        return Address(
            endpoint=answer["endpoint"],
            certificate_authority=base64.b64decode(answer["certificateAuthority"]["data"], validate=True).decode(
                "ascii"
            ),
        )
    except (KeyError, binascii.Error, UnicodeDecodeError):
        status = answer.get("status", "unknown")
        raise SyncError(f"asked {asked}: it has no endpoint and authority yet (its status is {status})") from None
