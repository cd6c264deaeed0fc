"""What many threads ask for at once and only one of them fetches."""

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class SingleFlight(Generic[K, V]):
    """Answers by key: the first to ask has it made; the others wait and get the same answer, or the same error."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[K, Future[V]] = {}

    def get(self, key: K, make: Callable[[], V]) -> V:
        """The answer for this key, from `make` where nobody has asked before."""
        with self._lock:
            first = key not in self._answers
            answer = self._answers.setdefault(key, Future())
        if first:
            try:
                answer.set_result(make())
            except BaseException as error:  # noqa: BLE001 - not caught: handed on to everybody who asks
                answer.set_exception(error)
        return answer.result()
