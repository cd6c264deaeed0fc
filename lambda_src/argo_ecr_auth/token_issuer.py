"""New tokens and the proof that they work, shared by the credentials of a run."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError

from argo_ecr_auth.clients.ecr import authorization_token
from argo_ecr_auth.clients.registry_login import Verification
from argo_ecr_auth.clients.sessions import Sessions, explain_aws_error
from argo_ecr_auth.core.authorization_token import AuthorizationToken
from argo_ecr_auth.core.manifests import Payload, make_payload, passwords_in
from argo_ecr_auth.core.registry import Registry, TokenApi
from argo_ecr_auth.core.targets import Credential, Role
from argo_ecr_auth.single_flight import SingleFlight

VerifyLogin = Callable[..., Verification]
"""`prove_login` of registry_login.py, or what a test puts in its place to reach a registry on this machine."""


_SECONDS_OF_PROOF = 10
"""For all registries of a credential: the check is never the outage."""


class TokenIssuer:
    """One run's new tokens: one per role, API and region, each tried once at each registry."""

    def __init__(
        self, *, sessions: Sessions, verify_login: VerifyLogin, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._monotonic = monotonic
        self._sessions = sessions
        self._prove_login = verify_login
        self._tokens: SingleFlight[tuple[Role | None, TokenApi], AuthorizationToken] = SingleFlight()
        self._proofs: SingleFlight[tuple[Role | None, str, str | None], Verification] = SingleFlight()

    def new(self, credential: Credential) -> tuple[Payload, Verification]:
        """New tokens for the credential's registries, as its Secret holds them, and what the registries say of them.

        Raises SyncError where ECR gives none.
        """
        tokens = [self._token(credential.role, registry.api) for registry in credential.registries]
        return make_payload(credential, tokens), _together(self._proofs_of(credential, tokens))

    def may_live(self, credential: Credential, text: str) -> bool:
        """Whether what is in a Secret already is refused by none of the credential's registries."""
        passwords = passwords_in(credential, text)
        hosts = [registry.host for registry in credential.registries]
        return all(host in passwords for host in hosts) and not any(
            self._prove_login(host, _of_any_age(passwords[host]), repository=None).verified is False for host in hosts
        )

    def _token(self, role: Role | None, api: TokenApi) -> AuthorizationToken:
        def ask() -> AuthorizationToken:
            self._sessions.credentials(role)  # so that what STS refuses or does not answer is not told as ECR's
            try:
                client = self._sessions.client(
                    api.service, region=api.region, role=role, fips=api.fips, dual_stack=api.dual_stack
                )
            except BotoCoreError as error:
                raise explain_aws_error(error, asked=f"for {api.service}'s API in {api.region}", role=role) from None
            return authorization_token(client, api=api, role=role)

        return self._tokens.get((role, api), ask)

    def _proofs_of(self, credential: Credential, tokens: Sequence[AuthorizationToken]) -> Iterator[Verification]:
        if not credential.verify_login:
            yield Verification(verified=None)
            return
        started = self._monotonic()
        for registry, token in zip(credential.registries, tokens, strict=True):
            if self._monotonic() - started > _SECONDS_OF_PROOF:
                yield Verification(verified=None, doubt=f"not verified: no time was left to ask {registry.host}")
            else:
                yield self._proof(credential, registry, token)

    def _proof(self, credential: Credential, registry: Registry, token: AuthorizationToken) -> Verification:
        repository = credential.verify_repository
        return self._proofs.get(
            (credential.role, registry.host, repository),
            lambda: self._prove_login(registry.host, token, repository=repository),
        )


def _of_any_age(password: str) -> AuthorizationToken:
    return AuthorizationToken(password=password, expires_at=datetime.max.replace(tzinfo=UTC))


def _together(told: Iterable[Verification]) -> Verification:
    """Of several registries: refused where any refuses, proven where all do."""
    verifications = list(told)
    said = {verification.verified for verification in verifications}
    verified = False if False in said else None if None in said else True
    return Verification(
        verified=verified,
        doubt="; ".join(verification.doubt for verification in verifications if verification.doubt) or None,
    )
