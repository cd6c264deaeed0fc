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


def test_many_who_ask_at_once_have_it_made_once() -> None:
    _, made = _ask_at_once("answer")
    assert made == 1


def test_all_who_ask_at_once_get_the_same_answer() -> None:
    answer = object()
    answers, _ = _ask_at_once(answer)
    assert answers == [answer] * THREADS


def test_all_who_ask_at_once_get_the_same_error() -> None:
    error = LookupError("no answer")
    answers, _ = _ask_at_once(error)
    assert answers == [error] * THREADS


def test_a_later_question_gets_the_first_answer() -> None:
    calls: SingleFlight[str, int] = SingleFlight()
    calls.run("key", lambda: 1)
    assert calls.run("key", lambda: 2) == 1


def test_an_answer_of_none_is_an_answer() -> None:
    calls: SingleFlight[str, int | None] = SingleFlight()
    calls.run("key", lambda: None)
    assert calls.run("key", lambda: 2) is None


def test_an_error_is_not_made_again() -> None:
    calls: SingleFlight[str, int] = SingleFlight()
    with pytest.raises(ZeroDivisionError):
        calls.run("key", lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        calls.run("key", lambda: 1)


def test_another_key_has_an_answer_of_its_own() -> None:
    calls: SingleFlight[str, int] = SingleFlight()
    calls.run("key", lambda: 1)
    assert calls.run("other", lambda: 2) == 2


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
