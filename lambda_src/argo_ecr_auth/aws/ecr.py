"""Authorization tokens from ECR."""

from datetime import datetime

from argo_ecr_auth.aws.sessions import Principal
from argo_ecr_auth.core.authorization_token import AuthorizationToken, MalformedTokenError, parse_authorization_token
from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.core.registry import TokenApi


def fetch_authorization_token(principal: Principal, *, api: TokenApi) -> AuthorizationToken:
    """A new token, good for every registry in the API's region that the principal may read.

    Without `registryIds`, which is deprecated (Amazon ECR API Reference, GetAuthorizationToken). ECR Public answers one
    object where ECR answers a list (Amazon ECR Public API Reference). Raises SyncError.
    """
    doing = f"get an authorization token from {'ECR Public' if api.service == 'ecr-public' else 'ECR'} in {api.region}"
    answer = principal.call(
        api.service,
        "get_authorization_token",
        region=api.region,
        fips=api.fips,
        dual_stack=api.dual_stack,
        doing=doing,
        permission=_PERMISSIONS[api.service],
    )
    try:
        data = answer["authorizationData"]
        data = data[0] if isinstance(data, list) else data
        token, expires_at = data["authorizationToken"], data["expiresAt"]
    except (KeyError, IndexError, TypeError):
        raise SyncError(failed=f"cannot {doing}", why="the response contains none") from None
    if not isinstance(token, str) or not isinstance(expires_at, datetime):
        raise SyncError(failed=f"cannot {doing}", why="the response contains none")
    try:
        return parse_authorization_token(token, expires_at=expires_at)
    except (MalformedTokenError, OverflowError) as error:  # of the expiry, which has no time in UTC
        raise SyncError(failed=f"cannot {doing}", why=str(error)) from None


_PERMISSIONS = {
    "ecr": "ecr:GetAuthorizationToken on *",
    "ecr-public": "ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken on *",
}
