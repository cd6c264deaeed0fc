"""The operator's own AWS: profile, region, credentials and account."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from http import HTTPStatus
from typing import Any

import boto3
import botocore.session
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    LoginError,
    MissingDependencyException,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError, ResponseParserFactory

from argo_ecr_auth.aws.sessions import Sessions
from argo_ecr_auth.core.errors import AwsError, SyncError
from argo_ecr_auth.core.registry import find_partition
from argo_ecr_auth_cli.local_cloud import refuse_stopped_local_cloud
from argo_ecr_auth_cli.messages import Identity, MalformedAnswerError, explain_aws_error
from argo_ecr_auth_cli.terminal.exits import UNKNOWN, USAGE, CommandError
from argo_ecr_auth_settings.field_types import explain_no_region, is_region

_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
_INVALID = {"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidAccessKeyId"}
_DEFAULT_REGIONS = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
"""Of each partition: always on, so that credentials which STS refuses there are invalid."""


@dataclass(frozen=True, kw_only=True)
class Operator:
    """The operator's sessions, and whose they are (None if STS does not answer)."""

    sessions: Sessions = field(repr=False)
    account: str | None
    identity: Identity  # which names the user or role that an access entry is to be made for, if that is known


class _ParserFactory(ResponseParserFactory):
    """Makes parsers whose errors are botocore's own kind, as all others of a call are."""

    def create_parser(self, protocol_name: str) -> Any:
        parser: Any = super().create_parser(protocol_name)
        parse = parser.parse

        def parse_or_raise(response: Any, shape: Any) -> Any:
            try:
                parsed = parse(response, shape)
            except (ResponseParserError, AttributeError, KeyError, TypeError, ValueError):
                raise MalformedAnswerError from None
            if _is_of_another_api(parsed, response["status_code"], shape):
                raise MalformedAnswerError
            return parsed

        parser.parse = parse_or_raise
        return parser


def _is_of_another_api(parsed: Mapping[str, Any], status: int, shape: Any) -> bool:
    """Whether nothing was found that an answer of AWS has: a code of a refusal, or a key of a result."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        return False  # botocore tries again
    if shape is not None and shape.metadata.get("exception"):
        return False  # the second look at a refusal that has a code, for what else it holds
    if status >= HTTPStatus.MULTIPLE_CHOICES:
        # Of an answer without a code, botocore's parsers take the status for one.
        return parsed.get("Error", {}).get("Code") in {None, "", "unknown", "Unknown", status, str(status)}
    return bool(shape and shape.members and not parsed.keys() - {"ResponseMetadata"})


class _OperatorSessions(Sessions):
    def open_own(self) -> Any:
        own = super().open_own()
        own._session.register_component("response_parser_factory", _ParserFactory())  # noqa: SLF001
        return own


def sign_in(*, profile: str | None, region: str, attempts: int = 3) -> Operator:
    """Sessions with credentials that AWS accepts. Raises CommandError, with what to do, if it does not."""
    refuse_stopped_local_cloud()
    sessions = open_sessions(profile=profile, region=region, attempts=attempts)
    try:
        sessions.credentials()
    except SyncError as error:
        cause = error.cause if isinstance(error, AwsError) else None
        raise CommandError(f"no AWS credentials: {_explain_missing(cause, profile=profile)}", code=UNKNOWN) from None
    identity = _find_identity(sessions, profile=profile, region=region) or {}
    arn = identity.get("Arn")
    find_principal = cache(partial(_find_principal, sessions, arn, region=region)) if arn else None
    return Operator(
        sessions=sessions,
        account=identity.get("Account"),
        identity=Identity(find_principal=find_principal),
    )


def open_sessions(*, profile: str | None, region: str, attempts: int = 3) -> Sessions:
    """Sessions whose credentials may still be missing. Raises CommandError if there is no such profile."""
    find_region(profile=profile, region=region)
    return _OperatorSessions(region=region, profile=profile, attempts=attempts)


def find_region(*, profile: str | None, region: str | None) -> str:
    """The region that was given, else the environment's, else the profile's. Raises CommandError."""
    try:
        configured = boto3.Session(profile_name=profile).region_name
    except ProfileNotFound as error:
        known = ", ".join(botocore.session.Session().available_profiles) or "none"
        name = error.kwargs["profile"]
        raise CommandError(f"there is no AWS profile {name}; there are: {known}", code=USAGE) from None
    except BotoCoreError as error:
        raise CommandError(f"cannot read the files of ~/.aws ({type(error).__name__})", code=USAGE) from None
    found = region or os.environ.get("AWS_REGION") or configured
    if not found:
        raise CommandError("no AWS region is known: pass --region, or set AWS_REGION", code=USAGE)
    if not is_region(found):
        raise CommandError(explain_no_region(repr(found)), code=USAGE)
    return found


def _find_identity(sessions: Sessions, *, profile: str | None, region: str) -> Mapping[str, str] | None:
    """Whose the credentials are, None if STS does not say. Raises CommandError if they are not valid."""
    error = None
    # STS answers the same in a region that is not enabled as to a key that does not exist.
    for candidate in dict.fromkeys((region, _DEFAULT_REGIONS.get(find_partition(region).name, region))):
        try:
            identity: Mapping[str, str] = sessions.client("sts", region=candidate).get_caller_identity()
            return identity  # noqa: TRY300 - the end of a try that has several
        except ClientError as refusal:
            error = refusal
        except BotoCoreError:
            return None
    code = error.response.get("Error", {}).get("Code") if error else None
    if code not in _EXPIRED | _INVALID:
        return None
    what = "have expired" if code in _EXPIRED else "are not valid"
    if "AWS_ACCESS_KEY_ID" in os.environ and not profile:
        source = "replace AWS_ACCESS_KEY_ID and the like in the environment, or unset them and run"
    else:
        source = "run"
    raise CommandError(f"your AWS credentials {what} ({code}): {source} {_format_login(profile)}", code=UNKNOWN)


def _find_principal(sessions: Sessions, arn: str, *, region: str) -> str:
    """The user or role that an access entry names: of a session its role, with the path that the session lacks."""
    _, partition, service, _, account, resource = arn.split(":", 5)
    if service != "sts" or not resource.startswith("assumed-role/"):
        return arn
    name = resource.split("/")[1]
    try:
        return str(sessions.client("iam", region=region).get_role(RoleName=name)["Role"]["Arn"])
    except (ClientError, BotoCoreError):
        return f"arn:{partition}:iam::{account}:role/{name}"


def _explain_missing(error: BaseException | None, *, profile: str | None) -> str:  # noqa: PLR0911 - one for each cause
    """Why there are no credentials, and what to do."""
    match error:
        case None:
            return f"set AWS_PROFILE, run aws configure, or {_format_login(profile)}"
        case SSOError() | TokenRetrievalError() | LoginError():
            return f"the sign-in has expired or is missing: {_format_login(profile)}"
        case MissingDependencyException():
            return "the profile uses aws login, which needs another package: pip install 'botocore[crt]'"
        case PartialCredentialsError():
            return f"{error.kwargs['cred_var']} is not set, the other key is (in {error.kwargs['provider']})"
        case CredentialRetrievalError():
            # Not its own words: they hold what the program printed.
            return f"what provides them failed ({error.kwargs['provider']}): run it by hand to see why"
        case ClientError():
            code = error.response.get("Error", {}).get("Code")
            if code in _EXPIRED | _INVALID:
                return f"the source profile's credentials are refused ({code}): {_format_login(profile)}"
            return explain_aws_error(error, doing="assume the profile's role")
        case _:
            return f"{type(error).__name__}; aws sts get-caller-identity may show more"


def _format_login(profile: str | None) -> str:
    """The commands that sign the profile in, or the one that it takes its credentials from."""
    name = profile or os.environ.get("AWS_PROFILE") or os.environ.get("AWS_DEFAULT_PROFILE")
    try:
        profiles = botocore.session.Session().full_config.get("profiles", {})
    except BotoCoreError:
        profiles = {}
    chain = [name or "default"]
    while (source := profiles.get(chain[-1], {}).get("source_profile", chain[-1])) not in chain:
        chain.append(source)
    name = chain[-1] if len(chain) > 1 else name
    found = profiles.get(chain[-1], {})
    option = f" --profile {name}" if name else ""
    if "login_session" in found:
        return f"aws login{option}"
    if "sso_session" in found or "sso_start_url" in found:
        return f"aws sso login{option}"
    return f"aws sso login{option} or aws login{option}"
