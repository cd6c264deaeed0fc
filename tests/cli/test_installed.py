"""The commands, and the real function that the CDK app deployed: an operator's first quarter of an hour."""

import json
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine, make_command_line
from tests.cli.operators import OPERATOR_RIGHTS, admit_operator
from tests.e2e.conftest import installation
from tests.support.function import REGISTRY
from tests.support.installation import Installation

__all__ = ["installation"]


@pytest.fixture
def operator_line(installation: Installation, tmp_path: Path) -> CommandLine:
    """As an administrator of the cluster who may look at the account."""
    operator = installation.cloud.create_role("operator", allow=OPERATOR_RIGHTS)
    admit_operator(installation.cloud, installation.cluster, operator)
    return make_command_line(installation.cloud, operator, directory=tmp_path)


def test_invoke_then_status_then_doctor(installation: Installation, operator_line: CommandLine) -> None:
    which = ["--cluster", "demo", "--registry", REGISTRY]

    forced = operator_line.run("invoke", "--force", *which)
    again = operator_line.run("invoke", *which, "-o", "json")
    status = operator_line.run("status", *which, "-o", "json")
    doctor = operator_line.run("doctor", *which, "-o", "json")

    assert forced.returncode == 0, forced.stderr
    assert any(action in forced.stdout for action in ("created", "renewed"))
    assert [result["action"] for result in json.loads(again.stdout)["results"]] == ["fresh"]
    (result,) = json.loads(status.stdout)["results"]
    assert json.loads(status.stdout)["findings"] == []
    assert (result["state"], result["healthy"], status.returncode) == ("fresh", True, 0), result
    # The options mean the original tool's repository, which has a name. The registry is not on this machine: whether
    # the password logs in cannot be learned.
    leaving, not_checked = json.loads(doctor.stdout)["findings"]
    assert (leaving["finding"], not_checked["finding"]) == ("token-may-leave", "not-checked")
    assert "does not answer" in not_checked["message"]
    for done in (forced, again, status, doctor):
        assert installation.password() not in done.stdout + done.stderr
