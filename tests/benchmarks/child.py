"""Runs the handler of an asset, in a process of its own that has nothing on its path but the asset, as Lambda has.

Its argument is a JSON list of events, each with the action that it must lead to. Its input may be JSON with the URLs of
what a run gets: then each run is followed by the same requests, by urllib3 alone. The last line of its output is JSON:
what each run took, what the requests after each took, and the most memory that the process had.
"""

import json
import re
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any


class Context:
    function_name = memory_limit_in_mb = invoked_function_arn = aws_request_id = "x"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def main(orders: list[tuple[object, str]], requested: dict[str, Any] | None) -> None:
    sys.path.insert(0, str(Path.cwd()))
    from argo_ecr_auth.handler import handler  # noqa: PLC0415 - the asset's

    def run(event: object, action: str) -> None:
        results = handler(event, Context())["results"]  # type: ignore[arg-type]
        if {result["action"] for result in results} != {action} or any(r["verified"] is False for r in results):
            raise RuntimeError(f"expected {action}: {results}")

    runs, requests = [], []
    request = prepare_requests(**requested) if requested else None
    for event, action in orders:
        runs.append(measure(partial(run, event, action)))
        if request:
            requests.append(measure(request))
    print(json.dumps({"runs": runs, "requests": requests, "mb": read_peak()}))


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


def read_peak() -> float:
    """The most memory so far in MB. Not by getrusage: its maximum includes the process that started this one."""
    peak = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    return float(peak[1]) / 1024 if peak else 0.0


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), json.loads(sys.stdin.read() or "null"))
