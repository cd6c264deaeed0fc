"""Clients of AWS's services that never reach a network: what they answer is stubbed."""

from collections.abc import Iterator
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


def offline_client(service: str) -> Any:
    """A client with credentials of its own, whatever this machine's environment and files say."""
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("AWS_PROFILE", raising=False)
        environment.setenv("AWS_CONFIG_FILE", "/dev/null")
        environment.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        return botocore.session.Session().create_client(
            service,
            region_name="eu-west-1",
            aws_access_key_id="AKIDEXAMPLE",
            aws_secret_access_key="planted-secret-key",
        )


def make_stub(client: Any) -> Iterator[Stubber]:
    """For a fixture: a stub of the client, all of whose answers must be requested."""
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()
