"""`python -m tests.verify_aws --cluster NAME`: asks AWS the questions, cleans up, and writes the page."""

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import boto3

from argo_ecr_auth.aws.sessions import Sessions
from argo_ecr_auth_cli.terminal.exits import Stopped, stop_on_signals
from tests.verify_aws.leftovers import clean_up, list_leftovers
from tests.verify_aws.page import PAGE, format_page
from tests.verify_aws.questions import QUESTIONS, Ask, Question
from tests.verify_aws.stage import PREFIX, Answer, Answers, Stage, StoppedError

_SECONDS = 900
_PLAN = f"""\
Creates in the account {{account}}, in {{region}} and the cluster {{cluster}}, all with the prefix {PREFIX}:
IAM roles, their access entries, an ECR repository, a namespace, and the stack of an installation.
It takes up to {_SECONDS // 60} minutes, costs less than 0.10 USD, and deletes everything at the end."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.verify_aws", allow_abbrev=False)
    parser.add_argument("--cluster", required=True, help="an EKS cluster in which you are an administrator")
    parser.add_argument("--region", default=boto3.Session().region_name)
    parser.add_argument("--yes", action="store_true", help="do not ask before the start")
    parser.add_argument("--clean-up", action="store_true", help="only delete what an interrupted run left")
    parser.add_argument("--checks", type=int, default=5, help="how many checks of the installation to watch")
    parser.add_argument("--other-principal", help="the ARN of a role in another account, to create an entry for it")
    parser.add_argument("--page", type=Path, default=PAGE, help="where to write the answers")
    arguments = parser.parse_args()
    if not arguments.region:
        parser.error("--region is missing, and the environment names none")
    stage = Stage(
        cluster=arguments.cluster,
        region=arguments.region,
        sessions=Sessions(region=arguments.region),
        checks=arguments.checks,
        other_principal=arguments.other_principal,
    )
    if arguments.clean_up:
        sys.exit(not clean_up(stage))
    if left := list_leftovers(stage):
        sys.exit(f"An earlier run left {', '.join(left)}. Delete it with --clean-up.")
    print(_PLAN.format(account=stage.account, region=stage.region, cluster=stage.cluster), flush=True)
    if not arguments.yes and not (sys.stdin.isatty() and input("Start? [y/N] ").strip().lower() in {"y", "yes"}):
        sys.exit("stopped: nothing was created. Without a terminal, confirm with --yes.")
    stop_on_signals()  # once: a second signal does not interrupt the clean-up
    try:
        answers = _ask_all(stage)
    finally:
        clean_up(replace(stage, stop=Event()))
    arguments.page.write_text(format_page(answers, when=f"Asked on {datetime.now(UTC):%Y-%m-%d} in {stage.region}."))
    print(f"written: {arguments.page}")


def _ask_all(stage: Stage) -> dict[str, Answer]:
    """The answers by question. The threads have ended when it returns or raises."""
    answers: dict[str, Answer] = {}

    def collect(ask: Ask, questions: tuple[Question, ...]) -> None:
        for name, answer in _ask(stage, ask, questions):
            # The page may be published.
            answers[name] = replace(answer, text=answer.text.replace(stage.account, "ACCOUNT"))
            print(f"{name}: {answer.text}", flush=True)

    with ThreadPoolExecutor(len(QUESTIONS)) as pool:
        try:
            wait([pool.submit(collect, *group) for group in QUESTIONS.items()], timeout=_SECONDS)
        finally:
            stage.stop.set()
    return answers


def _ask(stage: Stage, ask: Ask, questions: tuple[Question, ...]) -> Answers:
    """The answers of this function, and why there are none to the other questions."""
    open_questions = {question.id for question in questions}
    reason = "no answer"
    try:
        for name, answer in ask(stage):
            open_questions.discard(name)
            yield name, answer
    except StoppedError:
        reason = "no answer: the time was up"
    except Exception as error:  # noqa: BLE001 - the other questions are still asked
        reason = f"no answer: {error}".partition("\n")[0]
    for name in open_questions:
        yield name, Answer(text=reason, right=None)


if __name__ == "__main__":
    try:
        main()
    except Stopped as stopped:
        sys.exit(128 + stopped.number)
