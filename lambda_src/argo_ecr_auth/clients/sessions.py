"""boto3 sessions per role, the clients that a warm environment keeps, and what AWS's refusals mean."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
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
from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, ReadTimeoutError, SSLError
from botocore.parsers import ResponseParserError

from argo_ecr_auth.clients.deadlines import time_is_up, time_limit
from argo_ecr_auth.core.caller import FUNCTION, Caller
from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.core.targets import Role

SESSION_NAME = "argo-ecr-auth"
"""What an auditor finds in CloudTrail beside the role."""

_MAX_QUOTE = 300
_NO_CREDENTIALS = "there are no AWS credentials here: run it with a role, a profile or keys"
_FOREIGN_CERTIFICATE = "the certificate is of an authority that is not trusted here; look for an intercepting proxy"
_SECONDS_PER_CALL = 15  # with its retries
_MAX_BYTES_PER_CALL = 256 * 1024  # an answer has a few thousand
_ATTEMPTS = 3  # of each call; botocore waits between them
_CONFIG = Config(
    connect_timeout=3,
    read_timeout=10,
    user_agent_extra="argo-ecr-auth",
)
# What botocore raises where the answer is not what the service's API documents. Not BotoCoreErrors: for XML and JSON
# that cannot be parsed, for JSON nested too deeply and times that are none (RuntimeError), and for a list or null in
# place of an object.
_MALFORMED_ANSWER = (ResponseParserError, RuntimeError, TypeError, AttributeError, KeyError, ValueError)


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

    def __init__(
        self, *, region: str, profile: str | None = None, caller: Caller = FUNCTION, attempts: int = _ATTEMPTS
    ) -> None:
        self.caller = caller
        self._config = _CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": attempts}))
        self._region = region
        self._profile = profile
        # boto3's sessions are not safe to share between threads while they make clients.
        self._lock = threading.RLock()
        self._models: Any = None  # botocore's loader of them
        self._sessions: dict[Role | None, Any] = {}  # boto3.Session: its type knows each service only by name
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
        asked = f"STS for the role {role.arn}" if role else "for credentials"
        with aws_call(asked=asked, role=role, caller=self.caller):
            with self._lock:
                found = self._session(role).get_credentials()
            if found is None:
                raise SyncError(_NO_CREDENTIALS)
            frozen: ReadOnlyCredentials = found.get_frozen_credentials()
        return frozen

    def _client(self, session: Any, service: str, *, config: Config | None = None, **arguments: Any) -> Any:
        with self._lock:
            return session.client(service, config=self._config.merge(config) if config else self._config, **arguments)

    def _session(self, role: Role | None) -> Any:
        if role not in self._sessions:
            self._sessions[role] = self._assume(role) if role else self._open_own()
        return self._sessions[role]

    def _open_own(self) -> Any:
        session = botocore.session.Session()
        own = boto3.Session(botocore_session=session, region_name=self._region, profile_name=self._profile)
        self._models = session.get_component("data_loader")
        return own

    def _assume(self, role: Role) -> Any:
        own = self._session(None)
        if own.get_credentials() is None:
            raise SyncError(_NO_CREDENTIALS)
        cache: dict[str, Any] = {}
        fetcher = AssumeRoleCredentialFetcher(
            client_creator=lambda service, **arguments: self._client(own, service, **arguments),
            source_credentials=own.get_credentials(),
            role_arn=role.arn,
            extra_args={"RoleSessionName": SESSION_NAME}
            | ({"ExternalId": role.external_id} if role.external_id else {}),
            cache=cache,
        )

        def fetch() -> dict[str, Any]:
            cache.clear()  # botocore keeps an answer before it reads it, one without credentials for good
            fetched: dict[str, Any] = fetcher.fetch_credentials()
            return fetched

        session = botocore.session.Session()
        renewed = DeferredRefreshableCredentials(refresh_using=fetch, method=_AssumedRole.METHOD)
        session.register_component("credential_provider", CredentialResolver([_AssumedRole(renewed)]))
        assumed = boto3.Session(botocore_session=session, region_name=self._region)
        # The services' models, for all roles together: each role's own would take 9 MB and a fifth of a second.
        session.register_component("data_loader", self._models)
        return assumed


@contextmanager
def aws_call(*, asked: str, right: str = "", role: Role | None = None, caller: Caller = FUNCTION) -> Iterator[None]:
    """Bound a call of AWS in time and size, and let it raise nothing but SyncError."""
    with time_limit(_SECONDS_PER_CALL, max_bytes=_MAX_BYTES_PER_CALL):
        try:
            yield
        except (ClientError, BotoCoreError) as error:
            raise explain_aws_error(error, asked=asked, right=right, role=role, caller=caller) from None
        except _MALFORMED_ANSWER as error:
            raise SyncError(
                f"asked {asked}: the answer is not of its API ({type(error).__name__}); does a proxy or a VPC "
                "endpoint answer in its place?"
            ) from None


def explain_aws_error(
    error: ClientError | BotoCoreError,
    *,
    asked: str,
    right: str = "",
    role: Role | None = None,
    caller: Caller = FUNCTION,
) -> SyncError:
    """What AWS refused, in its own code and words; botocore's other errors only by their kind.

    `right` is what the role, or else the caller, may lack. Only the first line of AWS's words is quoted: a refused
    signature goes on with the request, its session token included.
    """
    if isinstance(error, ReadTimeoutError | ConnectTimeoutError) or (
        time_is_up() and not isinstance(error, ClientError)
    ):
        return SyncError(f"asked {asked}: timed out waiting for the answer; the next run tries again")
    if isinstance(error, SSLError):
        return SyncError(f"asked {asked}: {_FOREIGN_CERTIFICATE}")
    if not isinstance(error, ClientError):
        return SyncError(f"asked {asked}: {type(error).__name__}, no answer or none that can be read")
    answer = error.response.get("Error") or {}
    message = str(answer.get("Message") or "").strip().partition("\n")[0][:_MAX_QUOTE]
    why = f"{answer.get('Code', 'unknown')}: {message}".rstrip(": ")
    if error.operation_name == "AssumeRole" and role and "Denied" in why:
        external_id = f" with the external id {role.external_id}" if role.external_id else ""
        return SyncError(
            f"cannot assume {role.arn}: {why}; its trust policy must allow the function's role{external_id}, and the "
            f"function's role needs sts:AssumeRole on it (aws iam get-role --role-name {role.arn.rpartition('/')[2]} "
            "shows the one, the synth writes the other)"
        )
    who = f"the role {role.arn}" if role else caller.name
    if right and "Denied" in why:
        return SyncError(f"asked {asked}: {why}; {who} needs {right}")
    metadata: Mapping[str, Any] = error.response.get("ResponseMetadata") or {}
    # Some services of AWS answer 400 where they are called too often.
    status = HTTPStatus.TOO_MANY_REQUESTS if "Throttling" in why else metadata.get("HTTPStatusCode", 0)
    return SyncError(f"asked {asked}: {why}{caller.promise_retry(status)}")
