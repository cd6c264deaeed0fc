"""The operator's own AWS: profile, region, and sessions made of them."""

import contextlib
import os

import boto3
import botocore.session
import msgspec
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)

from argo_ecr_auth.clients.sessions import Sessions, explain_aws_error
from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.core.settings import Region
from argo_ecr_auth_cli.terminal.exits import UNKNOWN, USAGE, CommandError
from argo_ecr_auth_cli.terminal.output import to_operator


def open_sessions(*, profile: str | None, region: str, lazily: bool = False) -> Sessions:
    """Sessions with the rights of the profile, or of what the environment has. Raises CommandError.

    Without credentials nothing at all can be looked at: that is told once, here; not so `lazily`, where they may come.
    """
    find_region(profile=profile, region=region)
    sessions = Sessions(region=region, profile=profile)
    if lazily:
        return sessions
    try:
        sessions.credentials()
    except (SyncError, ClientError, BotoCoreError) as error:
        # Sessions tells the kind of botocore's error alone; which remedy helps depends on the error itself.
        cause = error.__context__ if isinstance(error, SyncError) else error
        raise CommandError(f"no AWS credentials: {_explain(cause, profile=profile)}", code=UNKNOWN) from None
    return sessions


def find_region(*, profile: str | None, region: str | None) -> str:
    """The region that was given, else the environment's, else the profile's. Raises CommandError."""
    try:
        configured = boto3.Session(profile_name=profile).region_name
    except ProfileNotFound as error:
        known = ", ".join(botocore.session.Session().available_profiles) or "none"
        raise CommandError(
            f"there is no AWS profile {error.kwargs['profile']}; there are: {known}", code=USAGE
        ) from None
    except BotoCoreError as error:
        raise CommandError(f"the files of ~/.aws cannot be read ({type(error).__name__})", code=USAGE) from None
    found = region or os.environ.get("AWS_REGION") or configured
    if not found:
        raise CommandError("no AWS region is known: give --region, or set AWS_REGION", code=USAGE)
    try:
        return str(msgspec.convert(found, type=Region))
    except msgspec.ValidationError:
        raise CommandError(f"{found!r} is no AWS region, such as eu-west-1", code=USAGE) from None


def find_account(sessions: Sessions, *, region: str) -> str:
    """The account that the credentials are of. Raises CommandError."""
    try:
        return str(sessions.client("sts", region=region).get_caller_identity()["Account"])
    except (ClientError, BotoCoreError) as error:
        said = to_operator(str(explain_aws_error(error, asked="STS whose the credentials are")))
        raise CommandError(said, code=UNKNOWN) from None


def find_account_if_possible(sessions: Sessions, *, region: str) -> str | None:
    """The same, None where STS does not tell."""
    with contextlib.suppress(CommandError):
        return find_account(sessions, region=region)
    return None


def _explain(error: BaseException | None, *, profile: str | None) -> str:
    login = f"aws sso login{f' --profile {profile}' if profile else ''}"
    match error:
        case None:
            return f"give --profile NAME, or run aws configure, or {login}"
        case SSOError() | TokenRetrievalError():
            return f"the sign-in has ended: {login}"
        case PartialCredentialsError():
            return f"{error.kwargs['cred_var']} is missing beside the other key (in {error.kwargs['provider']})"
        case CredentialRetrievalError():
            # Not in its words: they hold the program's own.
            return f"what gives them failed ({error.kwargs['provider']}): run it by hand to see why"
        case ClientError():
            return str(explain_aws_error(error, asked="for the profile's role"))
        case _:
            return f"{type(error).__name__}; aws sts get-caller-identity tells more"
