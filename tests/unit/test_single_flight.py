"""One of many threads makes an answer; all get it."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from argo_ecr_auth.single_flight import SingleFlight

PATIENCE_SECONDS = 30
THREADS = 8


def _ask_at_once(outcome: object) -> tuple[list[object], int]:
    """Let one thread begin to make the answer, the others ask meanwhile, and then let it end."""
    calls: SingleFlight[str, object] = SingleFlight()
    made: list[int] = []
    begun, may_end = threading.Event(), threading.Event()
    asking = threading.Barrier(THREADS)

    def make() -> object:
        made.append(1)
        begun.set()
        assert may_end.wait(PATIENCE_SECONDS)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def ask() -> object:
        asking.wait(PATIENCE_SECONDS)
        try:
            return calls.run("key", make)
        except LookupError as error:
            return error

    with ThreadPoolExecutor(THREADS) as pool:
        answers = [pool.submit(ask) for _ in range(THREADS)]
        assert begun.wait(PATIENCE_SECONDS)
        may_end.set()
        return [answer.result(PATIENCE_SECONDS) for answer in answers], len(made)


@pytest.mark.parametrize("outcome", [object(), LookupError("no answer")], ids=["answer", "error"])
def test_many_who_ask_at_once_get_the_same_answer_or_error_which_is_made_once(outcome: object) -> None:
    assert _ask_at_once(outcome) == ([outcome] * THREADS, 1)


@pytest.mark.parametrize("first", [1, None])
def test_a_later_question_gets_the_first_answer(first: int | None) -> None:
    calls: SingleFlight[str, int | None] = SingleFlight()
    calls.run("key", lambda: first)
    assert calls.run("key", lambda: 2) is first


def test_an_error_is_not_made_again() -> None:
    calls: SingleFlight[str, int] = SingleFlight()
    with pytest.raises(ZeroDivisionError):
        calls.run("key", lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        calls.run("key", lambda: 1)


def test_another_key_does_not_wait() -> None:
    calls: SingleFlight[str, bool] = SingleFlight()
    begun, other_is_done = threading.Event(), threading.Event()

    def slow() -> bool:
        begun.set()
        return other_is_done.wait(PATIENCE_SECONDS)

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(calls.run, "slow", slow)
        assert begun.wait(PATIENCE_SECONDS)
        calls.run("other", lambda: True)
        other_is_done.set()
        assert answer.result(PATIENCE_SECONDS)
