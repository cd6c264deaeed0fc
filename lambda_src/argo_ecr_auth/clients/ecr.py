"""Authorization tokens from ECR."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from argo_ecr_auth.clients.sessions import explain_aws_error
from argo_ecr_auth.core.authorization_token import AuthorizationToken, MalformedTokenError, parse_authorization_token
from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.core.registry import TokenApi
from argo_ecr_auth.core.targets import Role


def authorization_token(client: Any, *, api: TokenApi, role: Role | None = None) -> AuthorizationToken:
    """A new token, good for every registry in the API's region that the client's principal may read.

    Without `registryIds`, which is deprecated (Amazon ECR API Reference, GetAuthorizationToken). ECR Public answers one
    object where ECR answers a list (Amazon ECR Public API Reference). Raises SyncError.
    """
    asked = f"{'ECR Public' if api.service == 'ecr-public' else 'ECR'} in {api.region} for an authorization token"
    try:
        answer = client.get_authorization_token()
    except (ClientError, BotoCoreError) as error:
        raise explain_aws_error(error, asked=asked, right=_RIGHTS[api.service], role=role) from None
    try:
        data = answer["authorizationData"]
        data = data[0] if isinstance(data, list) else data
        return parse_authorization_token(data["authorizationToken"], expires_at=data["expiresAt"])
    except (KeyError, IndexError, TypeError):
        raise SyncError(f"asked {asked}: the answer holds none") from None
    except MalformedTokenError as error:
        raise SyncError(f"asked {asked}: {error}") from None


_RIGHTS = {
    "ecr": "ecr:GetAuthorizationToken on *",
    "ecr-public": "ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken on *",
}
