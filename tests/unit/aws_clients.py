"""Clients of AWS's services that never reach a network: what they answer is stubbed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import botocore.session
import pytest
from botocore.credentials import ReadOnlyCredentials
from botocore.stub import Stubber

from argo_ecr_auth.aws.sessions import Principal, Sessions
from argo_ecr_auth.core.targets import Role


class StubbedPrincipal(Principal):
    """A principal of one client, whose answers are stubbed."""

    def __init__(self, client: Any, *, role: Role | None = None) -> None:
        super().__init__(Sessions(region="eu-west-1"), role)
        self._client = client

    def client(self, service: str, **_: Any) -> Any:
        return self._client

    def credentials(self) -> ReadOnlyCredentials:
        return ReadOnlyCredentials("AKIDEXAMPLE", "planted-secret-key", None)


@contextmanager
def isolated_environment() -> Iterator[None]:
    """An environment with keys of its own, whatever this machine's variables and files say."""
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            environment.delenv(name)
        environment.setenv("AWS_CONFIG_FILE", "/dev/null")
        environment.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        environment.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "planted-secret-key")
        yield


def offline_client(service: str) -> Any:
    """A client with credentials of its own."""
    with isolated_environment():
        return botocore.session.Session().create_client(service, region_name="eu-west-1")


def make_stub(client: Any) -> Iterator[Stubber]:
    """For a fixture: a stub of the client, all of whose answers must be requested."""
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()
