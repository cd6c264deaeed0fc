"""Decides whether a credential is healthy, and so the exit code."""

from datetime import timedelta

from argo_ecr_auth.core.results import Result
from argo_ecr_auth.core.settings import OVERDUE_DIVISOR


def is_healthy(result: Result, *, renew_before: timedelta) -> bool:
    """Whether it did not fail, and at least a third of `renew_before` is left of its token."""
    return not result.failed and lives_long_enough(result.seconds_to_expiry, renew_before=renew_before)


def lives_long_enough(seconds: int | None, *, renew_before: timedelta) -> bool:
    """Whether this much of a token's life is no reason to worry; None, nothing known, is one."""
    return seconds is not None and seconds >= renew_before.total_seconds() / OVERDUE_DIVISOR
