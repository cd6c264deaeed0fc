"""Prints tables: fitted to a terminal's width, with color; elsewhere plain, each row one line."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from argo_ecr_auth.core.authorization_token import TOKEN_LIFETIME
from argo_ecr_auth_cli.terminal.output import strip_control_characters, supports_color, supports_unicode

Cell = Text | str

_BAR_WIDTH = 12  # an hour each
_UNBOUNDED = 10_000
_PADDING = 2
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def print_table(
    headers: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    whole: Sequence[str] = (),
    below: Sequence[str] = (),
) -> None:
    """Print rows under headers.

    On a terminal the last columns, those named `below`, get labeled lines of their own under each row. No word is
    broken, and none of the columns that are to stay `whole`: if the terminal is too narrow, every field gets such a
    line.
    """
    texts = [[cell if isinstance(cell, Text) else Text(strip_control_characters(cell)) for cell in row] for row in rows]
    console = _make_console()
    if not console.is_terminal:
        _print_columns(console, headers, texts, widths=None)
        return
    inside = len(headers) - len(below)
    widths = _fit_widths(headers[:inside], texts, whole=whole, available=console.width)
    for i, row in enumerate(texts):
        if widths is None:
            _print_lines(console, headers[:inside], row[:inside])
        else:
            _print_columns(console, headers[:inside], [row[:inside]], widths=widths, headless=i > 0)
        indent = _PADDING if widths else 0
        _print_lines(console, headers[inside:], row[inside:], indent=indent)
        if widths is None:
            console.print()


def color_by_health(text: str, *, healthy: bool) -> Text:
    """Green, or bold red."""
    return Text(strip_control_characters(text), style="green" if healthy else "bold red")


def format_time_left(seconds: int | None, *, healthy: bool) -> Text:
    """What is left of a token's twelve hours, as a bar and in hours."""
    if seconds is None:
        return Text("unknown", style="bold red")
    full, empty = ("█", "░") if supports_unicode(sys.stdout) else ("#", ".")
    share = min(1.0, max(0.0, seconds / TOKEN_LIFETIME.total_seconds()))
    filled = round(share * _BAR_WIDTH)
    minutes = max(0, seconds) // 60
    bar = full * filled + empty * (_BAR_WIDTH - filled)
    return Text(f"{bar} {minutes // 60:2}h{minutes % 60:02}m", style="green" if healthy else "bold red")


def format_age(moment: datetime) -> str:
    """How long ago something was: "3 min ago"."""
    seconds = int((datetime.now(UTC) - moment).total_seconds())
    if seconds < _MINUTE:
        return "just now"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min ago"
    return f"{seconds // _HOUR} h ago" if seconds < 2 * _DAY else f"{seconds // _DAY} days ago"


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Rich's own way ends the process with 1, whatever the command found."""
        raise  # noqa: PLE0704 - it is called where the error is handled


def _make_console() -> Console:
    terminal = sys.stdout.isatty()
    return _Console(
        file=sys.stdout,
        force_terminal=terminal,
        color_system="auto" if supports_color(sys.stdout) else None,
        width=None if terminal else _UNBOUNDED,
        highlight=False,
    )


def _fit_widths(
    headers: Sequence[str], rows: Sequence[Sequence[Text]], *, whole: Sequence[str], available: int
) -> list[int] | None:
    """The columns' widths, the widest one narrowed first; None if some column's longest word does not fit."""
    columns = [[Text(header), *(row[i] for row in rows)] for i, header in enumerate(headers)]
    widths = [max(cell.cell_len for cell in column) for column in columns]
    longest = [
        width if header in whole else max(cell_len(word) for cell in column for word in cell.plain.split() or [""])
        for header, width, column in zip(headers, widths, columns, strict=True)
    ]
    while sum(widths) + _PADDING * len(widths) > available:
        widest = max(range(len(widths)), key=lambda i: widths[i] - longest[i])
        if widths[widest] <= longest[widest]:
            return None
        widths[widest] -= 1
    return widths


def _print_columns(
    console: Console,
    headers: Sequence[str],
    rows: Sequence[Sequence[Text]],
    *,
    widths: Sequence[int] | None,
    headless: bool = False,
) -> None:
    table = Table(box=None, padding=(0, _PADDING, 0, 0), show_header=not headless)
    for i, header in enumerate(headers):
        table.add_column(header, no_wrap=widths is None, width=widths[i] if widths else None)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _print_lines(console: Console, headers: Sequence[str], cells: Sequence[Text], *, indent: int = 0) -> None:
    width = max((len(header) for header in headers), default=0) + 1
    for header, text in zip(headers, cells, strict=True):
        if not text.plain:
            continue
        label = f"{header.lower()}:".ljust(width)
        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_column(width=indent + width)
        grid.add_column(overflow="fold")
        grid.add_row(" " * indent + label, text)
        console.print(grid)
