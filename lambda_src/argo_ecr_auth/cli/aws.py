"""The operator's own AWS: profile, region, and sessions made of them."""

import os

import boto3
from botocore.exceptions import ProfileNotFound

from argo_ecr_auth.cli.exits import USAGE, CommandError
from argo_ecr_auth.sessions import Sessions


def sessions_of(*, profile: str | None, region: str) -> Sessions:
    """Sessions with the rights of the profile, or of what the environment has. Raises CommandError."""
    region_of(profile=profile, region=region)
    return Sessions(region=region, profile=profile)


def region_of(*, profile: str | None, region: str | None) -> str:
    """The region that was given, else the environment's, else the profile's. Raises CommandError."""
    try:
        session = boto3.Session(profile_name=profile)
    except ProfileNotFound:
        known = ", ".join(boto3.Session().available_profiles) or "none"
        raise CommandError(f"there is no AWS profile {profile}; there are: {known}", code=USAGE) from None
    found = region or os.environ.get("AWS_REGION") or session.region_name
    if not found:
        raise CommandError("no AWS region is known: give --region, or set AWS_REGION", code=USAGE)
    return str(found)
