"""Exit codes, and the exceptions that end a command early.

A CommandError is a person's mistake, or something that could not be looked at. Stopped is a signal, which is not an
error: it is not an Exception.
"""

import signal
from types import FrameType
from typing import NoReturn

OK = 0
UNHEALTHY = 1
USAGE = 2
UNKNOWN = 3


class CommandError(Exception):
    """The command cannot go on; `code` is its exit code."""

    def __init__(self, message: str, *, code: int) -> None:
        super().__init__(message)
        self.code = code


class Stopped(BaseException):
    """A signal asked the process to end; `number` says which."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def stop_on_signals() -> None:
    """Raise Stopped in the main thread at the first SIGTERM or SIGINT, whatever it waits for.

    Without a handler, the first process of a container ignores SIGTERM.
    """
    for number in _SIGNALS:
        signal.signal(number, _stop)


_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    for ignored in _SIGNALS:
        signal.signal(ignored, signal.SIG_IGN)
    raise Stopped(number)
