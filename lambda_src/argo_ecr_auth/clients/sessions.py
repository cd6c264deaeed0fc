"""boto3 sessions per role, and the clients that a warm environment keeps."""

import threading
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    CredentialResolver,
    Credentials,
    DeferredRefreshableCredentials,
    ReadOnlyCredentials,
)
from botocore.exceptions import BotoCoreError, ClientError

from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.core.targets import Role

_LONGEST_QUOTE = 300
_NO_CREDENTIALS = "there are no AWS credentials here: run it with a role, a profile or keys"

SESSION_NAME = "argo-ecr-auth"
"""What an auditor finds in CloudTrail beside the role."""

# A call ends within three tries of at most 3 + 10 seconds.
_CALLS = Config(
    connect_timeout=3,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 3},
    user_agent_extra="argo-ecr-auth",
)


class _AssumedRole(CredentialProvider):
    """Hands a session the credentials that it is to use."""

    METHOD = "assume-role"

    def __init__(self, credentials: Credentials) -> None:
        super().__init__()
        self._credentials = credentials

    def load(self) -> Credentials:
        return self._credentials


class Sessions:
    """Sessions, clients and assumed roles' credentials, made once and kept; botocore renews the credentials itself."""

    def __init__(self, *, region: str, profile: str | None = None) -> None:
        self._region = region
        self._profile = profile
        # boto3's sessions are not safe to share between threads while they make clients.
        self._lock = threading.RLock()
        self._sessions: dict[Role | None, Any] = {}  # boto3.Session: typed, it knows each service by name alone
        self._clients: dict[tuple[str, str, Role | None, bool, bool, int | None], Any] = {}

    def client(
        self,
        service: str,
        *,
        region: str,
        role: Role | None = None,
        fips: bool = False,
        dual_stack: bool = False,
        seconds: int | None = None,
    ) -> Any:
        """A client of this service in this region, with the role's rights, at the endpoint that botocore knows.

        With `seconds`, each call is made once and waits so long for its answer: one that must not be made twice.
        """
        with self._lock:
            key = (service, region, role, fips, dual_stack, seconds)
            if key not in self._clients:
                config = Config(use_fips_endpoint=fips or None, use_dualstack_endpoint=dual_stack or None)
                if seconds is not None:
                    config = config.merge(Config(read_timeout=seconds, retries={"total_max_attempts": 1}))
                self._clients[key] = self._client(self._session(role), service, region_name=region, config=config)
            return self._clients[key]

    def credentials(self, role: Role | None = None) -> ReadOnlyCredentials:
        """The credentials as they are now. Raises SyncError where there are none or the role cannot be assumed."""
        try:
            with self._lock:
                found = self._session(role).get_credentials()
            if found is None:
                raise SyncError(_NO_CREDENTIALS)
            frozen: ReadOnlyCredentials = found.get_frozen_credentials()
        except (ClientError, BotoCoreError) as error:
            asked = f"STS for the role {role.arn}" if role else "for credentials"
            raise explain_aws_error(error, asked=asked, role=role) from None
        return frozen

    def _client(self, session: Any, service: str, *, config: Config | None = None, **arguments: Any) -> Any:
        with self._lock:
            return session.client(service, config=_CALLS.merge(config) if config else _CALLS, **arguments)

    def _session(self, role: Role | None) -> Any:
        if role not in self._sessions:
            self._sessions[role] = (
                self._assumed(role) if role else boto3.Session(region_name=self._region, profile_name=self._profile)
            )
        return self._sessions[role]

    def _assumed(self, role: Role) -> Any:
        own = self._session(None)
        if own.get_credentials() is None:
            raise SyncError(_NO_CREDENTIALS)
        fetcher = AssumeRoleCredentialFetcher(
            client_creator=lambda service, **arguments: self._client(own, service, **arguments),
            source_credentials=own.get_credentials(),
            role_arn=role.arn,
            extra_args={"RoleSessionName": SESSION_NAME}
            | ({"ExternalId": role.external_id} if role.external_id else {}),
        )
        session = botocore.session.Session()
        renewed = DeferredRefreshableCredentials(refresh_using=fetcher.fetch_credentials, method=_AssumedRole.METHOD)
        session.register_component("credential_provider", CredentialResolver([_AssumedRole(renewed)]))
        return boto3.Session(botocore_session=session, region_name=self._region)


def explain_aws_error(
    error: ClientError | BotoCoreError, *, asked: str, right: str = "", role: Role | None = None
) -> SyncError:
    """What AWS refused, in its own code and words; botocore's other errors by their kind alone.

    `right` is what the caller, the role or the function's own, may lack. Of AWS's words only the first line: a refused
    signature goes on with the request, its session token included.
    """
    if not isinstance(error, ClientError):
        return SyncError(f"asked {asked}: {type(error).__name__}, no answer or none that can be read")
    said = error.response.get("Error") or {}
    message = str(said.get("Message") or "").strip().partition("\n")[0][:_LONGEST_QUOTE]
    why = f"{said.get('Code', 'unknown')}: {message}".rstrip(": ")
    if error.operation_name == "AssumeRole" and role and "Denied" in why:
        external_id = f" with the external id {role.external_id}" if role.external_id else ""
        return SyncError(
            f"cannot assume {role.arn}: {why}; its trust policy must name the function's role{external_id}, and the "
            f"function's role needs sts:AssumeRole on it (aws iam get-role --role-name {role.arn.rpartition('/')[2]} "
            "shows the one, the synth writes the other)"
        )
    who = f"the role {role.arn}" if role else "the function's role"
    return SyncError(f"asked {asked}: {why}{f'; {who} needs {right}' if right and 'Denied' in why else ''}")
