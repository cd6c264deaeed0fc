"""Prints where a deployment goes: account, region and endpoint, as the CDK CLI takes them from the environment."""

import os
import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError


def main() -> None:
    # boto3 by itself reads AWS_DEFAULT_REGION alone.
    session = boto3.Session(region_name=os.environ.get("AWS_REGION"))
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "AWS")
    if session.region_name is None:
        sys.exit("there is no region: set AWS_REGION, or a profile with one in AWS_PROFILE")
    try:
        account = session.client("sts").get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"there is no access to {endpoint}: {error}")
    print(f"account {account}, region {session.region_name}, endpoint {endpoint}")


if __name__ == "__main__":
    main()
