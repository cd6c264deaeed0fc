"""Prints lines, JSON, errors and progress."""

import json
import os
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO


def print_line(line: str) -> None:
    """Print a line on standard output."""
    sys.stdout.write(f"{strip_control_characters(line)}\n")
    sys.stdout.flush()


def print_json(document: Any) -> None:
    """Print a document on standard output."""
    sys.stdout.write(json.dumps(document, indent=2) + "\n")


@contextmanager
def tolerate_closed_pipe() -> Iterator[None]:
    """Print within it: a reader that stops reading (`| head`) does not change the exit code."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        discard_output()


def discard_output() -> None:
    """Send further output nowhere, so that the interpreter does not complain at its end either."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_error(message: str) -> None:
    """Print a message on standard error, each of its lines with the program's name."""
    for line in message.splitlines():
        sys.stderr.write(f"argo-ecr-auth: {strip_control_characters(line)}\n")
    sys.stderr.flush()


def strip_control_characters(text: str) -> str:
    """One line without control characters: an answer of a cluster or of AWS may hold a terminal's own commands."""
    if text.isprintable():
        return text  # at once: there may be many lines
    return "".join(letter if unicodedata.category(letter)[0] != "C" else " " for letter in text)


def supports_color(stream: TextIO) -> bool:
    """Whether the stream is a terminal that may be colored (no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def supports_unicode(stream: TextIO) -> bool:
    """Whether the stream can take more than ASCII."""
    return "utf" in (stream.encoding or "").lower()


@contextmanager
def show_progress(activity: str, *, total: int) -> Iterator[Callable[[], None]]:
    """A line on a terminal's standard error that counts up to `total` and disappears at the end; elsewhere nothing.

    The function that it gives may be called from any thread.
    """
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda: None
        return
    from rich.console import Console  # noqa: PLC0415 - only for a terminal
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # noqa: PLC0415

    console = Console(file=sys.stderr, color_system="auto" if supports_color(sys.stderr) else None)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(activity, total=total)
        yield lambda: bar.advance(task)
