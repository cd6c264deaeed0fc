"""Decides whether a credential is healthy, and so the exit code."""

from datetime import timedelta

from argo_ecr_auth.core.results import Result
from argo_ecr_auth_settings.settings import OVERDUE_DIVISOR


def is_healthy(result: Result, *, renew_before: timedelta) -> bool:
    """Whether it did not fail, nobody's keys redirect its token, and at least a third of `renew_before` is left of it.

    A run removes such keys; a dry run only finds them.
    """
    is_redirected = result.tampered and result.dry_run
    return not (result.failed or is_redirected) and is_valid_long_enough(
        result.seconds_to_expiry, renew_before=renew_before
    )


def is_valid_long_enough(seconds: int | None, *, renew_before: timedelta) -> bool:
    """Whether a token that is valid for this long is no reason to worry; None, nothing known, is one."""
    return seconds is not None and seconds >= renew_before.total_seconds() / OVERDUE_DIVISOR
