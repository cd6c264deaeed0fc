"""Is a credential healthy? What decides the exit code."""

from datetime import timedelta

from argo_ecr_auth.core.results import Result

_SHARE = 3
"""Of `renew_before`: with two thirds of it gone by, nobody has renewed for hours."""


def healthy(result: Result, *, renew_before: timedelta) -> bool:
    """Not failed, and of its token at least a third of `renew_before` is left."""
    return not result.failed and lives_long_enough(result.seconds_to_expiry, renew_before=renew_before)


def lives_long_enough(seconds: int | None, *, renew_before: timedelta) -> bool:
    """Whether this much of a token's life is no reason to worry; None, nothing known, is one."""
    return seconds is not None and seconds >= renew_before.total_seconds() / _SHARE
