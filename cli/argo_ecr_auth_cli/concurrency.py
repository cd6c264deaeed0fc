"""Calls a function for many items in threads, a bounded number at a time."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argo_ecr_auth.run import MAX_CONCURRENCY

T = TypeVar("T")
R = TypeVar("R")


def map_concurrently(call: Callable[[T], R], items: Sequence[T], *, done: Callable[[], None]) -> list[R]:
    """The answers in the order of the items; `done` is called after each. An interruption does not wait for them."""

    def call_one(item: T) -> R:
        answer = call(item)
        done()
        return answer

    pool = ThreadPoolExecutor(max_workers=MAX_CONCURRENCY)
    try:
        return list(pool.map(call_one, items))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
