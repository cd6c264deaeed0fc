"""Tables: with colour and fitted to its width on a terminal; elsewhere plain, each row one whole line."""

import sys
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from argo_ecr_auth.cli.output import colourful, printable
from argo_ecr_auth.settings import TOKEN_LIFE

Cell = Text | str

_BAR_WIDTH = 12  # an hour each
_UNBOUNDED = 10_000


def print_table(headers: Sequence[str], rows: Sequence[Sequence[Cell]], *, whole: Sequence[str] = ()) -> None:
    """Print rows under headers; the columns that are named as `whole` are not wrapped on a narrow terminal."""
    terminal = sys.stdout.isatty()
    table = Table(box=box.SIMPLE_HEAD if terminal else None, pad_edge=False)
    for header in headers:
        table.add_column(header, no_wrap=not terminal or header in whole, overflow="fold")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(printable(cell)) for cell in row))
    console = Console(
        file=sys.stdout,
        force_terminal=terminal,
        color_system="auto" if colourful(sys.stdout) else None,
        width=None if terminal else _UNBOUNDED,
        highlight=False,
    )
    console.print(table)


def coloured(text: str, *, healthy: bool) -> Text:
    return Text(printable(text), style="green" if healthy else "bold red")


def life(seconds: int | None, *, healthy: bool) -> Text:
    """What is left of a token's twelve hours, as a bar and in hours."""
    if seconds is None:
        return Text("unknown", style="bold red")
    full, empty = ("█", "░") if "utf" in (sys.stdout.encoding or "").lower() else ("#", ".")
    share = min(1.0, max(0.0, seconds / TOKEN_LIFE.total_seconds()))
    filled = round(share * _BAR_WIDTH)
    minutes = max(0, seconds) // 60
    bar = full * filled + empty * (_BAR_WIDTH - filled)
    return Text(f"{bar} {minutes // 60:2}h{minutes % 60:02}m", style="green" if healthy else "bold red")
