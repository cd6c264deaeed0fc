"""What is true in the simulated world, whatever the function believes: the time, tokens, roles, faults and requests."""

import base64
import hashlib
import json
import threading
from collections import Counter
from dataclasses import dataclass, field, replace
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
    number: int
    expires_at: datetime
    is_good: bool  # registries refuse the others


@dataclass(kw_only=True)
class Interruption:
    """Stops an environment at its n-th request for one Secret or its ConfigMap: for a while, or for good."""

    environment: int
    secret: str  # NAMESPACE/NAME
    request: int
    kills: bool
    requests: int = 0  # so far
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)


@dataclass(kw_only=True)
class Reality:
    """The truth at this moment."""

    now: datetime = START
    tokens: dict[str, Token] = field(default_factory=dict, repr=False)
    role_generation: int = 1
    grants: dict[str, str] = field(default_factory=dict)  # a registry's host: the role that may read it
    faults: dict[str, str] = field(default_factory=dict)  # a service: the name of its fault
    bad_regions: set[str] = field(default_factory=set)  # where ECR issues tokens that registries refuse
    sessions_expired: bool = False  # all sessions of STS
    without_role: set[str] = field(default_factory=set)  # clusters
    sessions: dict[str, tuple[int, str]] = field(default_factory=dict)  # an access key: environment and role
    hits: Counter[str] = field(default_factory=Counter)  # of a run: requests that met a fault, by service
    calls: Counter[str] = field(default_factory=Counter)  # of a run: ECR's answers by region and role
    writes: Counter[str] = field(default_factory=Counter)  # of a run, by NAMESPACE/NAME
    killed: int | None = None  # an environment whose run was killed
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
            number = len(self.tokens) + 1
            text = b"".join(hashlib.sha512(f"{number} {part}".encode()).digest() for part in range(4))
            token = Token(
                password=base64.b64encode(text).decode(),
                region=region,
                role=role,
                role_id=self.function_role_id if role == FUNCTION else role,
                number=number,
                expires_at=self.now + TOKEN_LIFETIME,
                is_good=region not in self.bad_regions,
            )
            self.tokens[token.password] = token
            return token

    def revoke(self, payload: str, credential: Credential) -> None:
        """No registry accepts these tokens any more, as after their role's sessions were revoked."""
        for token in self.find_tokens(payload, credential).values():
            self.tokens[token.password] = replace(token, is_good=False)

    def accepts(self, host: str, password: str) -> bool:
        """Whether the registry accepts this password."""
        token = self.tokens.get(password)
        return (
            token is not None
            and token.is_good
            and token.expires_at > self.now
            and f".ecr.{token.region}." in host
            and self.grants[host] == token.role
            and token.role_id == (self.function_role_id if token.role == FUNCTION else token.role)
        )

    def find_tokens(self, payload: str, credential: Credential) -> dict[str, Token]:
        """The tokens in a Secret's payload by the registries' hosts, without those that ECR has not issued."""
        passwords = {credential.registry: payload}
        if credential.kind == "pull-secret":
            try:
                auths = json.loads(payload)["auths"].items()
                passwords = {host: base64.b64decode(auth["auth"]).decode().partition(":")[2] for host, auth in auths}
            except (ValueError, KeyError, TypeError):
                return {}
        return {host: self.tokens[password] for host, password in passwords.items() if password in self.tokens}

    def serves(self, payload: str, credential: Credential) -> bool:
        """Whether Argo CD can pull with this payload from all the credential's registries."""
        tokens = self.find_tokens(payload, credential)
        return all(
            registry.host in tokens and self.accepts(registry.host, tokens[registry.host].password)
            for registry in credential.registries
        )

    def find_expiry(self, payload: str, credential: Credential) -> datetime | None:
        """When the first of a payload's tokens expires."""
        tokens = self.find_tokens(payload, credential).values()
        return min((token.expires_at for token in tokens), default=None)
