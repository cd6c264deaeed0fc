"""EKS shows the clusters of one account; another account's cluster may have the same name."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from argo_ecr_auth_cli.doctor.check_context import CheckContext
from tests.cli.command_line import CommandLine, make_command_line
from tests.cli.doctor import make_check_contexts
from tests.cli.operators import OPERATOR_RIGHTS, admit_operator
from tests.local_cloud.cloud import LocalCloud
from tests.support.function import REGISTRY, admit

HOME, ABROAD = "000000000000", "222222222222"
ROLE = f"arn:aws:iam::{HOME}:role/function"


def test_a_cluster_of_the_same_name_is_not_taken_for_the_one_in_another_account(
    fresh: CommandLine, namespace: str
) -> None:
    here = {"cluster": "demo", "namespace": namespace}
    fresh.write_settings(here, {**here, "name": "abroad", "account": ABROAD})

    status = fresh.run("status", "-o", "json")
    doctor = fresh.run("doctor", "abroad", "-o", "json")

    here_result, abroad = json.loads(status.stdout)["results"]
    assert (here_result["state"], abroad["state"], status.returncode) == ("fresh", "not checked", 3)
    assert f"in account {ABROAD}; your credentials are for {HOME}: use --profile of that account" in abroad["error"]
    (found,) = json.loads(doctor.stdout)["findings"]
    assert (found["finding"], found["not_checked"], doctor.returncode) == ("not-checked", True, 3)
    assert f"in account {ABROAD}" in found["message"]


def test_in_another_account_the_entry_is_for_the_functions_role_too(
    local_cloud: LocalCloud, role: str, tmp_path: Path
) -> None:
    with local_cloud.run_cluster("abroad", account=ABROAD) as cluster:
        operator = local_cloud.create_role("operator", account=ABROAD, allow=OPERATOR_RIGHTS)
        admit_operator(local_cloud, cluster, operator)
        there = make_command_line(local_cloud, operator, directory=tmp_path)
        there.write_settings({"cluster": "abroad", "account": ABROAD})

        def found() -> dict[str, str]:
            done = there.run("doctor", "-o", "json", "--function-role", role)
            return {finding["finding"]: finding["remedy"] for finding in json.loads(done.stdout)["findings"]}

        before = found()
        admit(local_cloud, cluster, role)

        place = f"--cluster-name abroad --region us-east-1 --principal-arn {role}"
        assert f"create-access-entry {place}" in before["no-access-entry"]
        after = found()
        assert "no-access-entry" not in after
        assert "of the function's account" in after["not-checked"], "only its own stack is not visible from here"


Cases = Callable[..., list[CheckContext]]


@pytest.fixture
def contexts(tmp_path: Path) -> Cases:
    """Of two targets of one cluster, with a Secret each; the second names this account."""

    def make(account: str, *, caller: str | None, function_role: str | None) -> list[CheckContext]:
        own = [{"registry": REGISTRY, "secret_name": "second"}]
        second = {"cluster": "one", "name": "second", "account": account, "credentials": own}
        settings = {"targets": [{"cluster": "one"}, second], "credentials": [{"registry": REGISTRY}]}
        return make_check_contexts(tmp_path, settings, account=caller, function_role=function_role)

    return make


@pytest.mark.parametrize("role", [ROLE, None])
def test_the_account_of_home_is_the_same_written_or_not(role: str | None, contexts: Cases) -> None:
    first, second = contexts(HOME, caller=HOME, function_role=role)

    assert first.ours == second.ours == {("argocd", "ecr-auth"), ("argocd", "second")}
    assert second.not_visible is None


def test_a_target_without_an_account_is_in_the_functions(contexts: Cases) -> None:
    first, second = contexts(ABROAD, caller=ABROAD, function_role=ROLE)

    assert first.not_visible == f"the cluster is in account {HOME}; your credentials are for {ABROAD}"
    assert second.not_visible is None
    assert [*first.ours, *second.ours] == [("argocd", "ecr-auth"), ("argocd", "second")]


def test_an_unknown_home_account_is_not_guessed(contexts: Cases) -> None:
    first, second = contexts(ABROAD, caller=ABROAD, function_role=None)

    assert "names no account" in (first.not_visible or "")
    assert second.not_visible is None
