"""Clients of AWS's services that never reach a network: what they answer is stubbed."""

from typing import Any

import botocore.session
import pytest


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
