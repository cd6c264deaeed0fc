"""Prints for people: wrapped text, with color on a terminal, and what shows that long work goes on."""

import os
import shutil
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import TextIO

BOLD, GREEN, RED = "1", "32", "31"
_EVERY_SECONDS = 30  # where lines stay
_MAX_WAIT_SECONDS = 100  # the schedule's minute and a cold start
_RUN_SECONDS = 60  # an estimate, for people


def print_text(text: str, *, indent: int = 3, style: str = "") -> None:
    """Print a paragraph that fits the terminal."""
    width, margin = shutil.get_terminal_size().columns, " " * indent
    lines = textwrap.wrap(text, width, initial_indent=margin, subsequent_indent=margin, break_on_hyphens=False)
    shown = "\n".join(lines)
    is_styled = style and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    print(f"\x1b[{style}m{shown}\x1b[0m" if is_styled else shown, flush=True)


@dataclass(kw_only=True)
class Story:
    """The demo: prints each step with the time that it took, and a table of all steps at the end."""

    steps: list[tuple[str, float]] = field(default_factory=list)

    @contextmanager
    def step(self, title: str, *, why: str) -> Iterator[None]:
        print()
        print_text(f"{len(self.steps) + 1}. {title}", indent=0, style=BOLD)
        print_text(why)
        started = time.monotonic()
        yield
        seconds = time.monotonic() - started
        self.steps.append((title, seconds))
        print_text(f"Done in {seconds:.0f} s.", style=GREEN)

    def wait_for(self, event: str, has_happened: Callable[[], object]) -> None:
        """Wait for the schedule's next run to cause this."""
        deadline = time.monotonic() + _MAX_WAIT_SECONDS
        with show_progress(f"waiting for {event}", about=_RUN_SECONDS):
            while not has_happened():
                if time.monotonic() > deadline:
                    sys.exit(f"The demo waited {_MAX_WAIT_SECONDS} s for {event}, in vain.")
                time.sleep(0.5)

    def summarize(self) -> str:
        lines = [f"  {seconds:4.0f} s  {title}" for title, seconds in self.steps]
        return "\n".join([*lines, f"  {sum(seconds for _, seconds in self.steps):4.0f} s  total"])


@contextmanager
def show_progress(
    activity: str, *, about: float | None = None, stream: TextIO | None = None, every: float | None = None
) -> Iterator[None]:
    """Show the time that the activity has taken: in one line of a terminal, else in a line now and then.

    `about` is an estimate of its seconds.
    """
    output = stream or sys.stdout
    is_terminal = output.isatty()
    done, started = Event(), time.monotonic()

    def report() -> None:
        while not done.wait(every or (1 if is_terminal else _EVERY_SECONDS)):
            seconds = time.monotonic() - started
            expected = f"of about {_format(about)}" if about and seconds < about else "so far"
            line = f"   {activity}: {_format(seconds)} {expected}"
            width = shutil.get_terminal_size().columns - 1
            output.write(f"\r{line[:width]}\x1b[K" if is_terminal else f"{line}\n")
            output.flush()
        if is_terminal:
            output.write("\r\x1b[K")
            output.flush()

    reporter = Thread(target=report)
    reporter.start()
    try:
        yield
    finally:
        done.set()
        reporter.join()


def _format(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
