"""Runs a function once per key and shares its result between threads."""

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class SingleFlight(Generic[K, V]):
    """The first thread to ask for a key runs the function; the others wait for its result, or its error."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._results: dict[K, Future[V]] = {}

    def run(self, key: K, function: Callable[[], V]) -> V:
        """The result for this key, by `function` where no thread has asked before."""
        with self._lock:
            is_first = key not in self._results
            result = self._results.setdefault(key, Future())
        if is_first:
            try:
                result.set_result(function())
            except BaseException as error:  # noqa: BLE001 - not caught: every thread that asks gets it
                result.set_exception(error)
        return result.result()
