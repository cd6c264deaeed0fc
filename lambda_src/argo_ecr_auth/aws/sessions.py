"""AWS as one principal: its session, its clients, its credentials and its calls; and what AWS's refusals mean."""

import re
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

from argo_ecr_auth.core.errors import AssumeRoleError, AwsError, AwsRefusalError, SyncError
from argo_ecr_auth.core.targets import Role
from argo_ecr_auth.deadlines import time_is_up, time_limit

SESSION_NAME = "argo-ecr-auth"
"""What an auditor finds in CloudTrail beside the role."""

_MAX_QUOTE = 300
_CODE = re.compile(r"[A-Za-z0-9._-]{1,100}")
# What answers in AWS's place may repeat the request in an error of its own, and AWS repeats an odd Authorization.
_REQUEST = re.compile(r"(?i)authorization[\"']?( header)?[\"']?\s*[:=]|bearer |credential=|security-token|AWS4-")
_FOREIGN_CERTIFICATE = "the certificate is signed by an untrusted CA"
_SECONDS_PER_CALL = 15  # with its retries
_MAX_BYTES_PER_CALL = 256 * 1024  # an answer has a few thousand
_ATTEMPTS = 3  # of each call; botocore waits between them
_MAX_ROLES = 20  # kept assumed; each takes half a megabyte, and one that was dropped is assumed again when it is needed
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
    """The process's own identity and the roles that it assumes last, each with its session and clients.

    `role_ids` has the unique IDs of all roles that were ever assumed.
    """

    def __init__(self, *, region: str, profile: str | None = None, attempts: int = _ATTEMPTS) -> None:
        self.config = _CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": attempts}))
        # boto3's sessions are not safe to share between threads while they make clients.
        self.lock = threading.RLock()
        self._region = region
        self._profile = profile
        self._models: Any = None  # botocore's loader of them
        self._own = Principal(self, None)
        self._assumed: dict[Role, Principal] = {}
        self.role_ids: dict[Role, str | None] = {}

    def as_role(self, role: Role | None) -> "Principal":
        """The role as a principal; None is the process's own identity."""
        if role is None:
            return self._own
        with self.lock:
            principal = self._assumed.pop(role, None) or Principal(self, role)
            self._assumed[role] = principal
            if len(self._assumed) > _MAX_ROLES:
                del self._assumed[next(iter(self._assumed))]
            return principal

    def client(self, service: str, *, region: str, **options: Any) -> Any:
        """See Principal.client."""
        return self.as_role(None).client(service, region=region, **options)

    def credentials(self) -> ReadOnlyCredentials:
        """See Principal.credentials."""
        return self.as_role(None).credentials()

    def open_own(self) -> Any:
        """A boto3.Session of the process's own identity; its type knows each service only by name."""
        session = botocore.session.Session()
        own = boto3.Session(botocore_session=session, region_name=self._region, profile_name=self._profile)
        self._models = session.get_component("data_loader")
        return own

    def open_assumed(self, role: Role) -> Any:
        """A boto3.Session of the role, whose credentials botocore renews. Raises SyncError."""
        own = self.as_role(None).session
        if own.get_credentials() is None:
            raise _make_no_credentials()
        cache: dict[str, Any] = {}
        fetcher = AssumeRoleCredentialFetcher(
            client_creator=lambda service, **arguments: own.client(service, config=self.config, **arguments),
            source_credentials=own.get_credentials(),
            role_arn=role.arn,
            extra_args={"RoleSessionName": SESSION_NAME}
            | ({"ExternalId": role.external_id} if role.external_id else {}),
            cache=cache,
        )

        def fetch() -> dict[str, Any]:
            cache.clear()  # botocore would cache an answer without credentials, and never ask again
            fetched: dict[str, Any] = fetcher.fetch_credentials()
            for answer in cache.values():
                self.role_ids[role] = _read_unique_id(answer)
            return fetched

        session = botocore.session.Session()
        renewed = DeferredRefreshableCredentials(refresh_using=fetch, method=_AssumedRole.METHOD)
        session.register_component("credential_provider", CredentialResolver([_AssumedRole(renewed)]))
        assumed = boto3.Session(botocore_session=session, region_name=self._region)
        # The services' models, for all roles together: each role's own would take 9 MB and a fifth of a second.
        session.register_component("data_loader", self._models)
        return assumed


class Principal:
    """Whoever calls AWS: the process's own identity, or a role that it assumes."""

    def __init__(self, sessions: Sessions, role: Role | None) -> None:
        self.role = role
        self._sessions = sessions
        self._session: Any = None
        self._clients: dict[tuple[object, ...], Any] = {}

    @property
    def session(self) -> Any:
        """Its boto3.Session. Raises SyncError."""
        if self._session is None:
            self._session = self._sessions.open_assumed(self.role) if self.role else self._sessions.open_own()
        return self._session

    def client(
        self, service: str, *, region: str, fips: bool = False, dual_stack: bool = False, seconds: int | None = None
    ) -> Any:
        """A client of this service in this region, at the endpoint that botocore knows.

        With `seconds`, each call is made once and waits so long for its answer: one that must not be made twice.
        """
        key = (service, region, fips, dual_stack, seconds)
        with self._sessions.lock:
            if key not in self._clients:
                config = Config(use_fips_endpoint=fips or None, use_dualstack_endpoint=dual_stack or None)
                if seconds is not None:
                    config = config.merge(Config(read_timeout=seconds, retries={"total_max_attempts": 1}))
                config = self._sessions.config.merge(config)
                self._clients[key] = self.session.client(service, region_name=region, config=config)
            return self._clients[key]

    def credentials(self) -> ReadOnlyCredentials:
        """The credentials as they are now. Raises SyncError where there are none or the role cannot be assumed."""
        with self._explaining(f"assume the role {self.role.arn}" if self.role else "find credentials"):
            with self._sessions.lock:
                found = self.session.get_credentials()
            if found is None:
                raise _make_no_credentials()
            frozen: ReadOnlyCredentials = found.get_frozen_credentials()
        return frozen

    def call(
        self,
        service: str,
        operation: str,
        *,
        region: str,
        doing: str,
        permission: str = "",
        parameters: Mapping[str, Any] | None = None,
        fips: bool = False,
        dual_stack: bool = False,
    ) -> Mapping[str, Any]:
        """What the service answers; `operation` is the client's method, with its own `parameters`.

        Bounded in time and size. `doing` and `permission` are for the error: what the call is for, and what the
        principal may lack. Raises SyncError; its `code` is AWS's own, if it refused.
        """
        self.credentials()  # an error of STS is not one of this service
        with self._explaining(f"create a client of {service} in {region}"):
            client = self.client(service, region=region, fips=fips, dual_stack=dual_stack)
        with self._explaining(doing, permission=permission):
            answer: Mapping[str, Any] = getattr(client, operation)(**(parameters or {}))
        return answer

    @contextmanager
    def _explaining(self, doing: str, *, permission: str = "") -> Iterator[None]:
        with time_limit(_SECONDS_PER_CALL, max_bytes=_MAX_BYTES_PER_CALL):
            try:
                yield
            except (ClientError, BotoCoreError) as error:
                raise make_aws_error(error, doing=doing, permission=permission, role=self.role) from None
            except _MALFORMED_ANSWER as error:
                raise AwsError(
                    cause=error,
                    failed=f"cannot {doing}",
                    why=f"the response is not valid for its API ({type(error).__name__})",
                    remedy="does a proxy or a VPC endpoint respond in its place?",
                ) from None


def _read_unique_id(answer: Mapping[str, Any]) -> str | None:
    """The role's ID, out of `ID:SESSION` (AWS STS API Reference, AssumedRoleUser)."""
    user = answer.get("AssumedRoleUser") or {}
    return str(user.get("AssumedRoleId") or "").partition(":")[0] or None


def make_aws_error(
    error: ClientError | BotoCoreError, *, doing: str, permission: str = "", role: Role | None = None
) -> SyncError:
    """What AWS refused, in its own code and words; botocore's other errors only by their kind.

    `permission` is what the role, or else the caller, may lack. Only the first line of AWS's words is quoted: a refused
    signature goes on with the request, its session token included. Nothing of a server error is quoted.
    """
    failed = f"cannot {doing}"
    if isinstance(error, ReadTimeoutError | ConnectTimeoutError) or (
        time_is_up() and not isinstance(error, ClientError)
    ):
        return AwsError(cause=error, failed=failed, why="timed out waiting for the response", transient=True)
    if isinstance(error, SSLError):
        return AwsError(cause=error, failed=failed, why=_FOREIGN_CERTIFICATE, remedy="look for an intercepting proxy")
    if not isinstance(error, ClientError):
        return AwsError(
            cause=error, failed=failed, why=f"{type(error).__name__}, no response, or none that can be read"
        )
    answer = error.response.get("Error") or {}
    metadata: Mapping[str, Any] = error.response.get("ResponseMetadata") or {}
    status = metadata.get("HTTPStatusCode", 0)
    code = str(answer.get("Code", "unknown"))
    code = code if _CODE.fullmatch(code) else "unknown"
    words = str(answer.get("Message") or "").strip().partition("\n")[0]
    is_quotable = status < HTTPStatus.INTERNAL_SERVER_ERROR and not _REQUEST.search(words)
    words = words[:_MAX_QUOTE] if is_quotable else ""
    why = f"{code}: {words}" if words else code
    is_denied = "Denied" in why
    if error.operation_name == "AssumeRole" and role and is_denied:
        return AssumeRoleError(cause=error, failed=f"cannot assume {role.arn}", why=why, code=code, role=role)
    # Some services of AWS answer 400 if they are called too often.
    is_throttled = "Throttling" in why or status == HTTPStatus.TOO_MANY_REQUESTS
    return AwsRefusalError(
        cause=error,
        failed=failed,
        why=why,
        code=code,
        role=role,
        permission=permission if is_denied else "",
        transient=not (permission and is_denied) and (is_throttled or status >= HTTPStatus.INTERNAL_SERVER_ERROR),
    )


def _make_no_credentials() -> SyncError:
    return SyncError(failed="there are no AWS credentials here", remedy="run it with a role, a profile or keys")
