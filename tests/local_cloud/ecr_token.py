"""The authorization tokens of the local cloud's ECR: their password is base64 of JSON, as ECR's is."""

import base64
import json
import secrets
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True, kw_only=True)
class EcrToken:
    """The service that issued it; the caller, account and region that asked; and its number in the cloud."""

    # First, so that two passwords already differ where bcrypt stops reading (72 bytes).
    nonce: str = field(default_factory=lambda: secrets.token_hex(16))
    service: str
    caller: str
    account: str
    region: str
    turn: int

    @property
    def password(self) -> str:
        """Base64 without a line break or a colon, which ends the name in `AWS:PASSWORD`."""
        return base64.b64encode(json.dumps(asdict(self)).encode()).decode()

    @property
    def authorization_token(self) -> str:
        return base64.b64encode(f"AWS:{self.password}".encode()).decode()


def parse(token: str) -> EcrToken:
    """Read a password, or the authorization token that holds it."""
    content = base64.b64decode(token, validate=True).decode()
    if content.startswith("AWS:"):
        return parse(content.removeprefix("AWS:"))
    return EcrToken(**json.loads(content))
