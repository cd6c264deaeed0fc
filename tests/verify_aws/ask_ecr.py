"""ECR: how long tokens are valid."""

from datetime import UTC, datetime, timedelta

from argo_ecr_auth.core.authorization_token import TOKEN_LIFETIME, AuthorizationToken, parse_authorization_token
from tests.verify_aws.answers import Answer, Answers
from tests.verify_aws.stage import Stage

_TOKEN = "ecr:GetAuthorizationToken"
_CLOCKS = timedelta(minutes=5)


def ask_lifetimes(stage: Stage) -> Answers:
    role = stage.create_role("lifetime", allow=[_TOKEN])
    yield "lifetime-role", _judge_lifetime(fetch_token(stage, stage.assume(role)))


def fetch_token(stage: Stage, credentials: dict[str, str]) -> AuthorizationToken:
    answer = stage.retry(lambda: stage.client("ecr", credentials=credentials).get_authorization_token())
    (data,) = answer["authorizationData"]
    return parse_authorization_token(data["authorizationToken"], expires_at=data["expiresAt"])


def _judge_lifetime(token: AuthorizationToken) -> Answer:
    lifetime = token.expires_at - datetime.now(UTC)
    hours = lifetime / timedelta(hours=1)
    return Answer(text=f"{hours:.1f} hours", right=abs(lifetime - TOKEN_LIFETIME) < _CLOCKS)
