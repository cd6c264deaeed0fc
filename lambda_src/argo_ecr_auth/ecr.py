"""Authorization tokens from ECR."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from argo_ecr_auth.authorization_token import AuthorizationToken, MalformedTokenError, parse_authorization_token
from argo_ecr_auth.errors import SyncError
from argo_ecr_auth.sessions import aws_error
from argo_ecr_auth.targets import Role


def authorization_token(client: Any, *, region: str, role: Role | None = None) -> AuthorizationToken:
    """A new token, good for every registry in the region that the client's principal may read.

    Without `registryIds`, which is deprecated (Amazon ECR API Reference, GetAuthorizationToken). Raises SyncError.
    """
    asked = f"ECR in {region} for an authorization token"
    try:
        answer = client.get_authorization_token()
    except (ClientError, BotoCoreError) as error:
        raise aws_error(error, asked=asked, right="ecr:GetAuthorizationToken on *", role=role) from None
    try:
        data = answer["authorizationData"][0]
        return parse_authorization_token(data["authorizationToken"], expires_at=data["expiresAt"])
    except (KeyError, IndexError, TypeError):
        raise SyncError(f"asked {asked}: the answer holds none") from None
    except MalformedTokenError as error:
        raise SyncError(f"asked {asked}: {error}") from None
