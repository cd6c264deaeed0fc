"""Runs a handler in a process of its own that has nothing on its path but the current folder, as Lambda has.

Its arguments are the handler's module and more folders for its path. Each line of its input is JSON. The first has the
URLs of what a run gets: then each run is followed by the same requests, by urllib3 alone. Each other line has an event
and the seconds that its run may take. The handler's output is followed by a line of JSON: what it took.
"""

import importlib
import json
import resource
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

_OPEN_FILES = 1024  # of Lambda


class Context:
    function_name = memory_limit_in_mb = invoked_function_arn = aws_request_id = "x"

    def __init__(self, *, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return int((self._ends_at - time.monotonic()) * 1000)


def main(module: str, *folders: str) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))
    sys.path[:0] = [str(Path.cwd()), *folders]
    requested = json.loads(sys.stdin.readline())
    handler = importlib.import_module(module).handler
    request = prepare_requests(**requested) if requested else None
    for line in sys.stdin:
        event, seconds = json.loads(line)
        taken = measure(partial(handle, handler, event, Context(seconds=seconds)))
        print(json.dumps({"taken": taken, "by_requests": measure(request) if request else None}), flush=True)


def handle(handler: Callable[[Any, Any], object], event: object, context: Context) -> None:
    try:
        handler(event, context)
    except Exception as error:
        if type(error).__name__ != "SyncFailed":  # its results are in the log
            raise


def prepare_requests(*, urls: list[str], ca: str, token: str) -> Callable[[], None]:
    import urllib3  # noqa: PLC0415 - the asset's

    pool = urllib3.PoolManager(ca_cert_data=ca)
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}

    def request() -> None:
        for url in urls:
            response = pool.request("GET", url, headers=headers)
            if response.status != 200 or not response.data:
                raise RuntimeError(f"GET {url}: {response.status}")

    return request


def measure(work: Callable[[], None]) -> dict[str, float]:
    """Seconds of the processor and of the clock."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}


if __name__ == "__main__":
    main(*sys.argv[1:])
