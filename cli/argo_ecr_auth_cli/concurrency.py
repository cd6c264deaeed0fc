"""Many things asked at once, a bounded number at a time."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argo_ecr_auth.sync import MAX_CONCURRENCY

T = TypeVar("T")
R = TypeVar("R")


def map_concurrently(ask: Callable[[T], R], things: Sequence[T], *, done: Callable[[], None]) -> list[R]:
    """The answers in the order of the things; `done` is called after each. An interruption does not wait for them."""

    def one(thing: T) -> R:
        answer = ask(thing)
        done()
        return answer

    pool = ThreadPoolExecutor(max_workers=MAX_CONCURRENCY)
    try:
        return list(pool.map(one, things))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
