"""New tokens, and what registries say of tokens, shared by the credentials of a run."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from argo_ecr_auth.aws.ecr import fetch_authorization_token
from argo_ecr_auth.aws.sessions import Sessions
from argo_ecr_auth.core.authorization_token import TOKEN_LIFETIME, AuthorizationToken
from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.core.registry import Registry, TokenApi
from argo_ecr_auth.core.targets import Credential, Role
from argo_ecr_auth.core.timestamps import format_time
from argo_ecr_auth.registry_login import Login, Verification
from argo_ecr_auth.single_flight import SingleFlight

VerifyLogin = Callable[..., Verification]
"""`verify_login` of registry_login.py, or what a test puts in its place to reach a registry on this machine."""

_SECONDS_OF_VERIFICATION = 10  # for all registries of a credential: the check is never the outage
_MIN_VALIDITY = timedelta(minutes=10)  # as the shortest renew_before
_PULLS = "Argo CD can pull with it anyway, set verify: off"
_UNFIT = {Login.REFUSED, Login.NO_SUCH_HOST}  # a new token that replaces none that is still valid
_NOT_TRIED = Verification(login=Login.NOT_TRIED)


@dataclass(frozen=True, kw_only=True)
class Issued:
    """What the issue of a credential's tokens came to."""

    tokens: Mapping[Registry, AuthorizationToken] = field(default_factory=dict)  # of those that gave one
    refused: frozenset[Registry] = frozenset()  # those that refuse theirs or do not exist
    verification: Verification = _NOT_TRIED
    errors: tuple[SyncError, ...] = ()  # a registry refused its token, or gave none


class TokenIssuer:
    """One run's new tokens: requested once per role, API and region, and verified once per registry."""

    def __init__(self, *, sessions: Sessions, verify_login: VerifyLogin, now: Callable[[], datetime]) -> None:
        self._sessions = sessions
        self._verify_login = verify_login
        self._now = now
        self._tokens: SingleFlight[tuple[Role | None, TokenApi], AuthorizationToken] = SingleFlight()
        self._verifications: SingleFlight[tuple[str, AuthorizationToken, str | None], Verification] = SingleFlight()

    def issue(self, credential: Credential) -> Issued:
        """New tokens for the credential's registries as its Secret holds them, and what the registries say of them.

        A registry that gives no token is left out, so that the others' passwords stay fresh.
        """
        tokens: dict[Registry, AuthorizationToken] = {}
        errors: list[SyncError] = []
        for registry in credential.registries:
            try:
                tokens[registry] = self._request(credential.role, registry.api)
            except SyncError as failure:
                errors.append(failure)
        verifications = self.verify(credential, tokens)
        verification = combine_verifications(verifications)
        if verification.login is Login.REFUSED:
            remedy = f"if {_PULLS}"
            errors.append(SyncError(failed=f"the new token is rejected: {verification.reason}", remedy=remedy))
        elif verification.login is Login.NO_SUCH_HOST:
            remedy = f"correct the registry in the settings; or, if {_PULLS}"
            errors.append(SyncError(failed=str(verification.reason), remedy=remedy))
        return Issued(
            tokens=tokens,
            refused=frozenset(registry for registry, said in verifications.items() if said.login in _UNFIT),
            verification=verification,
            errors=tuple(errors),
        )

    def verify(
        self, credential: Credential, tokens: Mapping[Registry, AuthorizationToken]
    ) -> dict[Registry, Verification]:
        """What the registries say of their tokens; nothing where the credential is not to be verified."""
        if not credential.verify_login:
            return {}
        deadline = time.monotonic() + _SECONDS_OF_VERIFICATION
        return {
            registry: self._verify(registry, token, repository=credential.verify_repository, deadline=deadline)
            for registry, token in tokens.items()
        }

    def find_role_id(self, credential: Credential) -> str | None:
        """The unique ID of the role that asks ECR, None where it is not known (yet)."""
        return self._sessions.role_ids.get(credential.role) if credential.role else credential.role_id

    def _request(self, role: Role | None, api: TokenApi) -> AuthorizationToken:
        def request() -> AuthorizationToken:
            token = fetch_authorization_token(self._sessions.as_role(role), api=api)
            return _check_expiry(token, api=api, now=self._now())

        return self._tokens.run((role, api), request)

    def _verify(
        self, registry: Registry, token: AuthorizationToken, *, repository: str | None, deadline: float
    ) -> Verification:
        seconds = deadline - time.monotonic()
        if seconds <= 0:
            reason = f"not verified: no time was left to ask {registry.host}"
            return Verification(login=Login.INCONCLUSIVE, reason=reason)
        return self._verifications.run(
            (registry.host, token, repository),
            lambda: self._verify_login(registry.host, token, repository=repository, seconds=seconds),
        )


def _check_expiry(token: AuthorizationToken, *, api: TokenApi, now: datetime) -> AuthorizationToken:
    """The token, valid for no longer than ECR documents. Raises SyncError if it has expired or is about to."""
    if token.expires_at - now < _MIN_VALIDITY:
        raise SyncError(
            failed=f"cannot use an authorization token from ECR in {api.region}",
            why=f"it expires at {format_time(token.expires_at)}, and now is {format_time(now)}",
            remedy="check the function's clock; does a proxy respond in ECR's place?",
        )
    return replace(token, expires_at=min(token.expires_at, (now + TOKEN_LIFETIME).replace(microsecond=0)))


def combine_verifications(verifications: Mapping[Registry, Verification]) -> Verification:
    """Of several registries: refused where one refuses, accepted where all accept."""
    logins = {verification.login for verification in verifications.values()}
    order = (Login.REFUSED, Login.NO_SUCH_HOST, Login.INCONCLUSIVE, Login.ACCEPTED)
    worst = next((login for login in order if login in logins), Login.NOT_TRIED)
    return Verification(
        login=worst,
        reason="; ".join(verification.reason for verification in verifications.values() if verification.reason) or None,
    )
