"""The deployed function run now; here a stand-in of the same answers (the deployed one: `e2e/test_main_job.py`)."""

import json
from typing import Any

import pytest

from argo_ecr_auth.aws.sessions import Sessions
from argo_ecr_auth_cli.commands.invoke import invoke_function
from tests.cli.command_line import CommandLine
from tests.cli.conftest import HERE
from tests.cli.fake_function import RESULT
from tests.local_cloud.cloud import LocalCloud
from tests.servers.server import Answer, Request, Server, always, answer_json


def invoked(command_line: CommandLine, *arguments: str) -> tuple[int, list[dict[str, Any]], list[str]]:
    done = command_line.run("invoke", "-o", "json", *arguments)
    said = json.loads(done.stdout)
    return done.returncode, said["results"], said["faults"]


def test_each_target_is_invoked_by_itself_and_shown_in_one_table(
    stack: str, command_line: CommandLine, local_cloud: LocalCloud
) -> None:
    command_line.write_settings({"cluster": "one"}, {"cluster": "two"}, {"cluster": "asleep", "enabled": False})
    before = len(local_cloud.requests())

    done = command_line.run("invoke")

    asked = [request["service"] for request in local_cloud.requests()[before:]]
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[:3] for line in done.stdout.splitlines()[1:]] == [
        ["one", "argocd/ecr-auth", "fresh"],
        ["two", "argocd/ecr-auth", "fresh"],
    ]
    assert asked.count("lambda") == 2


def test_dry_run_and_force_are_passed_on(stack: str, command_line: CommandLine) -> None:
    (dry,) = invoked(command_line, "--dry-run", "one")[1]
    (forced,) = invoked(command_line, "--force", "one")[1]

    assert (dry["dry_run"], forced["verified"]) == (True, True)
    table = command_line.run("invoke", "--dry-run", "one").stdout
    assert ("WOULD BE" in table, dry["action"], "renewed" in table) == (True, "renewed", True)
    assert "would be renewed" not in table
    assert "nothing was written" in table


@pytest.mark.parametrize(
    ("targets", "code", "expected"),
    [
        (("one", "two", "one"), 0, [("one", "fresh"), ("two", "fresh")]),
        ((), 0, [("all", "fresh")]),
        (("one", "broken"), 1, [("one", "fresh"), ("broken", "failed")]),
    ],
    ids=["need no settings", "are all that the function has", "do not hide each other's failures"],
)
def test_targets_of_the_command_line(
    targets: tuple[str, ...], code: int, expected: list[tuple[str, str]], stack: str, command_line: CommandLine
) -> None:
    returned, results, faults = invoked(command_line, *targets)

    assert [(result["target"], result["action"]) for result in results] == expected
    assert (returned, faults) == (code, [])


def test_a_token_near_its_end_is_1_where_the_settings_say_what_that_is(stack: str, command_line: CommandLine) -> None:
    """It has an hour left."""
    without_settings = invoked(command_line, "old")[0]
    command_line.write_settings({"cluster": "old"})
    by_default = invoked(command_line, "old")[0]
    command_line.write_settings({"cluster": "old"}, renew_before="2h")
    in_time = invoked(command_line, "old")[0]

    assert (without_settings, by_default, in_time) == (0, 1, 0)


def test_a_target_that_the_function_does_not_know_hides_no_other(stack: str, command_line: CommandLine) -> None:
    done = command_line.run("invoke", "one", "unknown", "odd")

    assert done.returncode == 1, "the local cloud names every error Runtime.HandlerError"
    assert done.stdout.splitlines()[1].startswith("one")
    unknown, odd = done.stderr.splitlines()
    assert unknown.endswith("no target is named unknown: the settings have all")
    assert odd.startswith("argo-ecr-auth: odd: ")
    assert odd.endswith(" responds, but not like argo-ecr-auth's function")


@pytest.mark.parametrize(
    ("kind", "code"), [("Runtime.ImportModuleError", 1), ("Sandbox.Timedout", 1), ("EventError", 2)]
)
def test_a_run_without_results_is_1_where_the_function_is_broken_and_2_where_the_event_is(
    kind: str, code: int, command_line: CommandLine
) -> None:
    payload = json.dumps({"errorType": kind, "errorMessage": "it says why"}).encode()
    answer = Answer(body=payload, headers={"X-Amz-Function-Error": "Unhandled"})

    with Server(always(answer), tls=False) as server:
        done = command_line.run("invoke", "--function-name", "broken", "one", AWS_ENDPOINT_URL_LAMBDA=server.url)

    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr == f"argo-ecr-auth: one: the function failed with {kind}: it says why\n"


BUSY = answer_json({"__type": "TooManyRequestsException", "message": "Rate Exceeded."}, status=429)
BROKEN = answer_json({"__type": "ServiceException", "message": "it broke"}, status=500)
DONE = answer_json({"results": [{"target": "one", **RESULT}]})


@pytest.mark.parametrize(
    ("answers", "calls", "fault"),
    [
        ([BUSY, BUSY, DONE], 3, None),
        ([BUSY], 6, "TooManyRequestsException: Rate Exceeded."),
        ([BROKEN, DONE], 1, ": ServiceException"),
    ],
    ids=["it becomes free", "it stays busy", "another error"],
)
def test_only_where_lambda_has_no_room_is_it_asked_again(
    answers: list[Answer], calls: int, fault: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any other error may come after the run: a second call would make a second one."""
    waits: list[float] = []

    def answer_next(_: Request) -> Answer:
        return answers[min(len(server.requests), len(answers)) - 1]

    with Server(answer_next, tls=False) as server:
        for name, value in {**HERE, "AWS_ENDPOINT_URL_LAMBDA": server.url}.items():
            monkeypatch.setenv(name, value)
        client = Sessions(region="us-east-1").client("lambda", region="us-east-1", seconds=5)
        answered = invoke_function(client, "busy", {"targets": ["one"]}, wait=waits.append)

    assert (len(server.requests), len(waits)) == (calls, calls - 1)
    assert (answered.fault or "").endswith(fault or "")
    assert [result["target"] for result in answered.results] == ([] if fault else ["one"])


def test_where_all_targets_are_disabled_none_is_run(stack: str, command_line: CommandLine) -> None:
    command_line.write_settings({"cluster": "asleep", "enabled": False})

    done = command_line.run("invoke")

    assert (done.returncode, done.stdout) == (2, "")
    assert "name one to run it" in done.stderr
    assert invoked(command_line, "asleep")[0] == 0


def test_an_answer_that_lacks_something_is_no_answer(stack: str, command_line: CommandLine) -> None:
    code, results, (fault,) = invoked(command_line, "short")

    assert (code, results) == (3, [])
    assert fault.endswith("responds, but not like argo-ecr-auth's function")


def test_a_reader_that_has_seen_enough_does_not_change_the_exit_code(stack: str, command_line: CommandLine) -> None:
    assert command_line.run_unread("invoke", "one") == (0, b"")


def test_no_stack_is_3_with_the_options_that_help(command_line: CommandLine) -> None:
    done = command_line.run("invoke", "--installation", "another", "one")

    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert "no stack another in us-east-1: pass --region, --installation or --function-name" in done.stderr


def test_a_function_may_be_named(stack: str, command_line: CommandLine, local_cloud: LocalCloud) -> None:
    (found,) = local_cloud.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    name = next(output["OutputValue"] for output in found["Outputs"] if output["OutputKey"] == "FunctionName")

    assert invoked(command_line, "--installation", "another", "--function-name", name, "one")[0] == 0
    code, _, (fault,) = invoked(command_line, "--function-name", "no-such-function", "one")
    assert (code, "ResourceNotFound" in fault) == (3, True)


def test_the_table_in_a_terminal_with_progress_that_goes(stack: str, command_line: CommandLine) -> None:
    code, terminal = command_line.show("invoke", "one", "broken", columns=160)

    assert code == 1
    assert "it is broken" in terminal.text
    assert "running" in terminal.text
    assert "\x1b[1;31mfailed" in terminal.raw


def test_a_run_by_hand_does_not_hide_that_nothing_runs_by_itself(stack: str, command_line: CommandLine) -> None:
    command_line.write_settings({"cluster": "unscheduled"})

    done = command_line.run("invoke")

    assert done.returncode == 0
    assert "unscheduled: it has no schedule in the stack" in done.stderr
