"""An ECR authorization token: what it is made of, and how it is parsed."""

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

USERNAME = "AWS"

TOKEN_LIFETIME = timedelta(hours=12)
"""How long ECR's authorization tokens are valid (Amazon ECR API Reference, GetAuthorizationToken)."""


class MalformedTokenError(ValueError):
    """ECR's answer holds no token of the documented form."""


@dataclass(frozen=True, kw_only=True)
class AuthorizationToken:
    """A registry's password and when it expires (UTC)."""

    password: str = field(repr=False)
    expires_at: datetime


def parse_authorization_token(text: str, *, expires_at: datetime) -> AuthorizationToken:
    """Read ECR's `authorizationToken`: base64 of `AWS:PASSWORD` (Amazon ECR API Reference, AuthorizationData).

    Raises MalformedTokenError, which does not hold the text.
    """
    try:
        username, _, password = base64.b64decode(text, validate=True).decode("ascii").partition(":")
    except ValueError:
        raise MalformedTokenError("ECR's authorization token is not base64 of text") from None
    if username != USERNAME or not password or password != password.strip():
        raise MalformedTokenError("ECR's authorization token is not of the form AWS:PASSWORD")
    # botocore reads times into the machine's own zone.
    return AuthorizationToken(password=password, expires_at=expires_at.astimezone(UTC))
