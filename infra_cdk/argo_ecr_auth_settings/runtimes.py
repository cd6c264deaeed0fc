"""Warns before Lambda stops taking a runtime."""

from collections.abc import Mapping
from datetime import date, timedelta

_NOTICE = timedelta(days=180)

CREATE_BLOCKS: Mapping[str, date] = {
    "python3.11": date(2027, 7, 31),
    "python3.12": date(2028, 11, 30),
    "python3.13": date(2029, 7, 31),
    "python3.14": date(2029, 7, 31),
}
"""The day from which Lambda takes no new function with the runtime. About a month later it refuses updates too (AWS
Lambda Developer Guide, runtimes)."""

RUNTIMES = tuple(CREATE_BLOCKS)
"""Those of Lambda with which the function is tested."""


def find_runtime_warning(runtime: str, *, today: date) -> str | None:
    """None if it is early, or if Lambda has no such runtime: that is a fault of its own."""
    last = CREATE_BLOCKS.get(runtime)
    if last is None or today < last - _NOTICE:
        return None
    newest = RUNTIMES[-1]
    remedy = f"Run `rm -rf .venv && make setup PYTHON={newest}`" if runtime != newest else "Upgrade argo-ecr-auth"
    return (
        f"runtime: from {last} Lambda accepts no new functions with {runtime}, and soon after that no updates. "
        f"{remedy}, then deploy"
    )
