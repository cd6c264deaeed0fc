"""What a command says, apart from tables: lines, JSON, complaints, progress."""

import json
import os
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO


def print_line(line: str) -> None:
    """A line on standard output."""
    sys.stdout.write(f"{strip_control_characters(line)}\n")
    sys.stdout.flush()


def print_json(document: Any) -> None:
    """A document on standard output, for a program to read."""
    sys.stdout.write(json.dumps(document, indent=2) + "\n")


@contextmanager
def tolerate_closed_pipe() -> Iterator[None]:
    """What is shown; a reader who has seen enough of it (`| head`) changes nothing about how the command ends."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        discard_output()


def discard_output() -> None:
    """Let what is still written go nowhere: the interpreter must not complain at its end either."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_error(line: str) -> None:
    """A line on standard error."""
    sys.stderr.write(f"argo-ecr-auth: {strip_control_characters(line)}\n")
    sys.stderr.flush()


def strip_control_characters(text: str) -> str:
    """One line without control characters: what a cluster or AWS answers may hold a terminal's own commands."""
    return "".join(letter if unicodedata.category(letter)[0] != "C" else " " for letter in text)


def to_operator(message: str) -> str:
    """A message of the function's rooms, where it is not the function that asked."""
    return message.replace("the function's role", "your identity")


def supports_colour(stream: TextIO) -> bool:
    """Whether the stream is a terminal that may be coloured (no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


@contextmanager
def show_progress(doing: str, *, total: int) -> Iterator[Callable[[], None]]:
    """A line on a terminal's standard error that counts up to `total`, and is gone at the end; elsewhere nothing.

    What it gives may be called from any thread.
    """
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda: None
        return
    from rich.console import Console  # noqa: PLC0415 - only where there is somebody to look at it
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # noqa: PLC0415

    console = Console(file=sys.stderr, color_system="auto" if supports_colour(sys.stderr) else None)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(doing, total=total)
        yield lambda: bar.advance(task)
