"""Finds accounts and regions to which CDK cannot deploy, before a deployment changes anything."""

import sys
from collections.abc import Sequence

from argo_ecr_auth.core.errors import AssumeRoleError, AwsRefusalError, SyncError
from argo_ecr_auth.core.registry import find_partition
from argo_ecr_auth_cli.concurrency import map_concurrently
from argo_ecr_auth_deploy.deployment import Deployment
from argo_ecr_auth_settings.access_plan import group_by_place
from argo_ecr_auth_settings.names import AccountRegion

_MIN_VERSION = 6  # that a stack with an asset requires


def find_missing_bootstraps(deployment: Deployment) -> Sequence[str]:
    """A line for each account and region without a bootstrap that the credentials may use.

    What the credentials may not read is not reported, and stderr says so.
    """
    home = deployment.home
    places = list(dict.fromkeys((home, *group_by_place(deployment.settings, home=home))))
    faults = map_concurrently(lambda place: _check(place, deployment), places, done=lambda: None)
    return [fault for fault in faults if fault]


def _check(place: AccountRegion, deployment: Deployment) -> str | None:
    destination = deployment.destination
    account, region = place.account or "", place.region or ""
    where, parameter = f"{account}/{region}", f"/cdk-bootstrap/{deployment.qualifier}/version"
    remedy = f"make bootstrap ARGS=aws://{where}"
    partition = find_partition(region).name
    is_own = account == destination.account
    # In its own account the CDK CLI can do without the role.
    role = deployment.get_bootstrap_role("deploy", place)
    for principal in [None, role] if is_own else [role]:
        try:
            answer = destination.sessions.as_role(principal).call(
                "ssm",
                "get_parameter",
                region=region,
                doing=f"read the SSM parameter {parameter}",
                parameters={"Name": parameter},
            )
        except SyncError as error:
            if isinstance(error, AwsRefusalError) and error.code == "ParameterNotFound":
                return f"account {account} is not bootstrapped for CDK in {region}: {remedy}"
            if isinstance(error, AssumeRoleError) and not is_own:
                policy = f"--cloudformation-execution-policies arn:{partition}:iam::aws:policy/AdministratorAccess"
                return (
                    f"{error}. With credentials of account {account}: "
                    f'make bootstrap ARGS="aws://{where} --trust {destination.account} {policy}"'
                )
            reason = error
        else:
            is_old = int(answer["Parameter"]["Value"]) < _MIN_VERSION
            return f"the CDK bootstrap of account {account} in {region} is too old: {remedy}" if is_old else None
    print(f"cannot check whether account {account} is bootstrapped in {region}: {reason}", file=sys.stderr)
    return None
