"""Prints the account, region and endpoint of a command of the CDK CLI: `destination [ITS ARGUMENTS]`."""

import argparse
import os
import sys
from dataclasses import dataclass

from argo_ecr_auth.aws.sessions import Sessions
from argo_ecr_auth_cli.aws_session import find_region, sign_in
from argo_ecr_auth_cli.terminal.exits import CommandError


@dataclass(frozen=True, kw_only=True)
class Destination:
    """An account and a region, and sessions there."""

    sessions: Sessions
    account: str
    region: str

    def __str__(self) -> str:
        return f"account {self.account}, region {self.region}, endpoint {os.environ.get('AWS_ENDPOINT_URL', 'AWS')}"


def find_destination(*, profile: str | None = None) -> Destination:
    """Exit with a remedy if the environment names none or its credentials are not valid."""
    try:
        region = find_region(profile=profile, region=None)
        operator = sign_in(profile=profile, region=region)
    except CommandError as error:
        sys.exit(str(error))
    if operator.account is None:
        sys.exit(
            "STS does not say which account the AWS credentials belong to. "
            f"Try aws sts get-caller-identity --region {region}"
        )
    return Destination(sessions=operator.sessions, account=operator.account, region=region)


def main() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--profile")
    arguments, _ = parser.parse_known_args()
    print(find_destination(profile=arguments.profile))


if __name__ == "__main__":
    main()
