"""Prints where a deployment goes: account, region and endpoint, as the CDK CLI takes them from the environment."""

import os
import sys
from dataclasses import dataclass

import boto3
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    LoginError,
    MissingDependencyException,
    NoCredentialsError,
    SSOError,
    TokenRetrievalError,
)

_REFUSED = {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"}


@dataclass(frozen=True, kw_only=True)
class Destination:
    """An account and a region, and a session for them."""

    session: boto3.Session
    account: str
    region: str

    def __str__(self) -> str:
        return f"account {self.account}, region {self.region}, endpoint {os.environ.get('AWS_ENDPOINT_URL', 'AWS')}"


def find_destination(*, profile: str | None = None) -> Destination:
    """Ends the process, with what to do, where the environment names none or its credentials are not valid."""
    profile = profile or os.environ.get("AWS_PROFILE")
    try:
        # boto3 itself reads AWS_DEFAULT_REGION only.
        session = boto3.Session(profile_name=profile, region_name=os.environ.get("AWS_REGION"))
        if session.region_name is None:
            sys.exit("there is no region: set AWS_REGION, or a profile with one in AWS_PROFILE")
        account = session.client("sts").get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        endpoint = os.environ.get("AWS_ENDPOINT_URL", "AWS")
        sys.exit(f"cannot log in to {endpoint}: {error}{_find_remedy(error, profile=profile)}")
    return Destination(session=session, account=account, region=session.region_name)


def _find_remedy(error: BotoCoreError | ClientError, *, profile: str | None) -> str:
    option = f" --profile {profile}" if profile else ""
    match error:
        case MissingDependencyException():
            return "\nrun: .venv/bin/python -m pip install 'botocore[crt]'"
        case LoginError():
            return f"\nrun: aws login{option}"
        case SSOError() | TokenRetrievalError():
            return f"\nrun: aws sso login{option}"
        case NoCredentialsError():
            return "\nset AWS_PROFILE, or run: aws login, aws sso login or aws configure"
        case ClientError() if error.response.get("Error", {}).get("Code") in _REFUSED:
            return f"\nrun: aws login{option} or aws sso login{option}, or replace the keys of the environment"
        case _:
            return ""


if __name__ == "__main__":
    print(find_destination())
