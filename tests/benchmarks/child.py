"""Runs the handler of an asset, in a process of its own that has nothing on its path but the asset, as Lambda has.

Its argument is a JSON list of events, each with the action that it must lead to. The last line of its output is a JSON
list: what the process had taken before the first import, after the imports, and after each run.
"""

import json
import re
import sys
import time
from pathlib import Path


def measure() -> dict[str, float]:
    """Seconds of the processor and of the clock, and the most memory so far in MB.

    Not by getrusage: its maximum includes the process that started this one.
    """
    peak = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    return {"cpu": time.process_time(), "wall": time.perf_counter(), "mb": float(peak[1]) / 1024 if peak else 0.0}


class Context:
    function_name = memory_limit_in_mb = invoked_function_arn = aws_request_id = "x"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def main(orders: list[tuple[object, str]]) -> None:
    measured = [measure()]
    sys.path.insert(0, str(Path.cwd()))
    from argo_ecr_auth.handler import handler  # noqa: PLC0415 - measured

    measured.append(measure())
    for event, action in orders:
        results = handler(event, Context())["results"]  # type: ignore[arg-type]
        if {result["action"] for result in results} != {action} or any(r["verified"] is False for r in results):
            raise RuntimeError(f"expected {action}: {results}")
        measured.append(measure())
    print(json.dumps(measured))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
