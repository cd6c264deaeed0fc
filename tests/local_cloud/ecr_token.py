"""What an authorization token of the local cloud's ECR says."""

import base64
import binascii
import secrets
import urllib.parse
from dataclasses import asdict, dataclass
from typing import Self


@dataclass(frozen=True, kw_only=True)
class EcrToken:
    """Who asked which service for it, in which account and region, and which turn it was; no two are alike."""

    service: str
    caller: str
    account: str
    region: str
    turn: int
    nonce: str

    @classmethod
    def new(cls, *, service: str, caller: str, account: str, region: str, turn: int) -> Self:
        return cls(
            service=service, caller=caller, account=account, region=region, turn=turn, nonce=secrets.token_hex(16)
        )

    def password(self) -> str:
        return urllib.parse.urlencode(asdict(self), safe=":/")


def parse(token: str) -> EcrToken:
    """A password, or the authorization token that holds it."""
    try:
        password = base64.b64decode(token, validate=True).decode().removeprefix("AWS:")
    except (binascii.Error, UnicodeDecodeError):
        password = token
    said = dict(urllib.parse.parse_qsl(password, strict_parsing=True))
    return EcrToken(
        service=said["service"],
        caller=said["caller"],
        account=said["account"],
        region=said["region"],
        turn=int(said["turn"]),
        nonce=said["nonce"],
    )
