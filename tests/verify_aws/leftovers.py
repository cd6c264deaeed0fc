"""Finds and deletes what a run created, by prefix and tag: at its end, and with --clean-up after a crash."""

from collections.abc import Callable, Iterator
from functools import partial
from http import HTTPStatus
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth_cli.deployment import describe_stack
from argo_ecr_auth_cli.terminal.exits import CommandError
from tests.verify_aws.stage import PREFIX, TAGS, Stage

Found = Iterator[tuple[str, Callable[[], Any]]]
"""What exists, by name, and how to delete it."""

_NAMESPACE = f"/api/v1/namespaces/{PREFIX}"
_FAILURES = (BotoCoreError, ClientError, CommandError, OSError, SyncError)


def list_leftovers(stage: Stage) -> list[str]:
    return [name for find in _FINDERS for name, _ in find(stage)]


def clean_up(stage: Stage) -> bool:
    """Delete everything; whether nothing is left. A failure does not keep the rest."""
    failures = []

    def attempt(name: str, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except _FAILURES as error:
            failures.append(f"{name}: {error}")

    for find in _FINDERS:
        for name, delete in attempt(find.__name__, partial(list, find(stage))) or ():
            print(f"deleting: {name}", flush=True)
            attempt(name, delete)
    if failures:
        print("\n".join(["not deleted; run it again with --clean-up:", *failures]), flush=True)
    return not failures


def _find_stack(stage: Stage) -> Found:
    if stack := describe_stack(stage.sessions, installation=PREFIX, region=stage.region):
        cloudformation = stage.client("cloudformation")

        def delete() -> None:
            cloudformation.delete_stack(StackName=stack.name)
            waiter = cloudformation.get_waiter("stack_delete_complete")
            waiter.wait(StackName=stack.name, WaiterConfig={"Delay": 5, "MaxAttempts": 120})

        yield f"stack {PREFIX}", delete


def _find_namespace(stage: Stage) -> Found:
    api = stage.connect()
    status, namespace = api.request("GET", _NAMESPACE)
    if status == HTTPStatus.OK and namespace["status"]["phase"] != "Terminating":

        def delete() -> None:
            status, _ = api.request("DELETE", _NAMESPACE)
            if status >= HTTPStatus.BAD_REQUEST:
                raise OSError(f"the API server answers {status}")

        yield f"namespace {PREFIX}", delete


def _find_access_entries(stage: Stage) -> Found:
    eks = stage.client("eks")
    for page in eks.get_paginator("list_access_entries").paginate(clusterName=stage.cluster):
        for principal in page["accessEntries"]:
            entry = {"clusterName": stage.cluster, "principalArn": principal}
            if PREFIX in eks.describe_access_entry(**entry)["accessEntry"].get("tags", {}):
                yield f"access entry of {principal}", partial(eks.delete_access_entry, **entry)


def _find_roles(stage: Stage) -> Found:
    iam = stage.client("iam")
    for page in iam.get_paginator("list_roles").paginate():
        for name in (role["RoleName"] for role in page["Roles"]):
            if name.startswith(f"{PREFIX}-") and TAGS[0] in iam.list_role_tags(RoleName=name)["Tags"]:
                yield f"role {name}", partial(stage.delete_role, name)


def _find_repository(stage: Stage) -> Found:
    ecr = stage.client("ecr")
    for page in ecr.get_paginator("describe_repositories").paginate():
        if any(repository["repositoryName"] == PREFIX for repository in page["repositories"]):
            yield f"repository {PREFIX}", partial(ecr.delete_repository, repositoryName=PREFIX, force=True)


# The stack first: it deletes its own access entry and roles.
_FINDERS = (_find_stack, _find_namespace, _find_access_entries, _find_roles, _find_repository)
