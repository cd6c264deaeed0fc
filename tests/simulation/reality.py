"""What is true in the simulated world, whatever the function believes: the time, tokens, roles, faults and requests."""

import base64
import hashlib
import json
import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

from argo_ecr_auth.core.authorization_token import TOKEN_LIFETIME
from argo_ecr_auth.core.targets import Credential

START = datetime(2026, 11, 1, tzinfo=UTC)
FUNCTION = "the function"
"""The function's own role, where others go by their ARN."""


@dataclass(frozen=True, kw_only=True)
class Token:
    """An authorization token that ECR has issued."""

    password: str = field(repr=False)
    region: str
    role: str
    role_id: str
    turn: int
    expires_at: datetime
    good: bool  # no registry takes the others


@dataclass(kw_only=True)
class Interruption:
    """Stops an environment at its n-th request for one credential: for a while, or for good."""

    environment: int
    place: tuple[str, str, str]  # cluster, namespace, name
    turn: int
    kills: bool
    seen: int = 0
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)


@dataclass(kw_only=True)
class Reality:
    """The truth at this moment."""

    now: datetime = START
    tokens: dict[str, Token] = field(default_factory=dict, repr=False)
    role_generation: int = 1
    grants: dict[str, str] = field(default_factory=dict)  # a registry's host: the role that may read it
    faults: dict[str, str] = field(default_factory=dict)  # a service: the way in which it fails
    bad_regions: set[str] = field(default_factory=set)  # where ECR issues tokens that no registry takes
    ended: bool = False  # all sessions of STS
    without_role: set[str] = field(default_factory=set)  # clusters
    sessions: dict[str, tuple[int, str]] = field(default_factory=dict)  # an access key: environment and role
    hits: Counter[str] = field(default_factory=Counter)  # of a run: faults by what they hit
    calls: Counter[str] = field(default_factory=Counter)  # of a run: ECR's answers by region and role
    writes: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # of a run
    dead: int | None = None  # an environment whose run was killed
    interruption: Interruption | None = None
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def function_role_id(self) -> str:
        return f"AROAFUNCTION{self.role_generation}"

    def begin_run(self) -> None:
        self.hits.clear()
        self.calls.clear()
        self.writes.clear()

    def issue(self, *, region: str, role: str) -> Token:
        """A new token, as ECR issues it."""
        with self.lock:
            turn = len(self.tokens) + 1
            text = b"".join(hashlib.sha512(f"{turn} {part}".encode()).digest() for part in range(4))
            token = Token(
                password=base64.b64encode(text).decode(),
                region=region,
                role=role,
                role_id=self.function_role_id if role == FUNCTION else role,
                turn=turn,
                expires_at=self.now + TOKEN_LIFETIME,
                good=region not in self.bad_regions,
            )
            self.tokens[token.password] = token
            return token

    def takes(self, host: str, password: str) -> bool:
        """Whether the registry lets this password in."""
        token = self.tokens.get(password)
        current = {FUNCTION: self.function_role_id}
        return (
            token is not None
            and token.good
            and token.expires_at > self.now
            and f".ecr.{token.region}." in host
            and self.grants[host] == token.role
            and current.get(token.role, token.role) == token.role_id
        )

    def find_tokens(self, text: str, credential: Credential) -> dict[str, Token]:
        """The tokens in a Secret's payload by the registries' hosts; none for what ECR has not issued."""
        if credential.kind == "pull-secret":
            try:
                auths = json.loads(text)["auths"]
                found = {
                    host: base64.b64decode(each["auth"]).decode().partition(":")[2] for host, each in auths.items()
                }
            except (ValueError, KeyError, TypeError):
                return {}
        else:
            found = {credential.registry: text}
        return {host: self.tokens[password] for host, password in found.items() if password in self.tokens}

    def serves(self, text: str, credential: Credential) -> bool:
        """Whether Argo CD can pull with this payload from all the credential's registries."""
        tokens = self.find_tokens(text, credential)
        return all(
            registry.host in tokens and self.takes(registry.host, tokens[registry.host].password)
            for registry in credential.registries
        )

    def find_end(self, text: str, credential: Credential) -> datetime | None:
        """When the first of a payload's tokens ends."""
        tokens = self.find_tokens(text, credential).values()
        return min((token.expires_at for token in tokens), default=None)
