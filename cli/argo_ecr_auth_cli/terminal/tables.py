"""Tables: with colour and fitted to its width on a terminal; elsewhere plain, each row one whole line."""

import sys
from collections.abc import Sequence

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from argo_ecr_auth.core.settings import TOKEN_LIFE
from argo_ecr_auth_cli.terminal.output import strip_control_characters, supports_colour

Cell = Text | str

_BAR_WIDTH = 12  # an hour each
_UNBOUNDED = 10_000
_NARROWEST = 12  # of a column that is wrapped; twice that for the one beside the lines `below`
_PADDING = 2


def print_table(
    headers: Sequence[str], rows: Sequence[Sequence[Cell]], *, whole: Sequence[str] = (), below: str | None = None
) -> None:
    """Print rows under headers; the columns that are named as `whole` are not wrapped on a narrow terminal.

    There the column `below`, the last one, stands in lines of its own, which are not cut: its commands are to be
    copied. Where a terminal is too narrow for columns, so does every field.
    """
    texts = [[cell if isinstance(cell, Text) else Text(strip_control_characters(cell)) for cell in row] for row in rows]
    console = _console()
    if not sys.stdout.isatty():
        _print_columns(console, headers, texts, whole=headers)
        return
    inside = len(headers) - (below is not None)
    widths = [max(cell_len(header), *(row[i].cell_len for row in texts)) for i, header in enumerate(headers[:inside])]
    narrowest = _NARROWEST * (1 if below is None else 2)
    needed = sum(
        (width if header in whole else min(width, narrowest)) + _PADDING
        for header, width in zip(headers, widths, strict=False)
    )
    if needed > console.width:
        _print_blocks(console, headers, texts)
    elif below is None:
        _print_columns(console, headers, texts, whole=whole)
    else:
        for i, row in enumerate(texts):
            _print_columns(console, headers[:inside], [row[:inside]], whole=whole, widths=widths, headless=i > 0)
            console.print(row[-1], soft_wrap=True)


def colour_by_health(text: str, *, healthy: bool) -> Text:
    return Text(strip_control_characters(text), style="green" if healthy else "bold red")


def format_life_left(seconds: int | None, *, healthy: bool) -> Text:
    """What is left of a token's twelve hours, as a bar and in hours."""
    if seconds is None:
        return Text("unknown", style="bold red")
    full, empty = ("█", "░") if "utf" in (sys.stdout.encoding or "").lower() else ("#", ".")
    share = min(1.0, max(0.0, seconds / TOKEN_LIFE.total_seconds()))
    filled = round(share * _BAR_WIDTH)
    minutes = max(0, seconds) // 60
    bar = full * filled + empty * (_BAR_WIDTH - filled)
    return Text(f"{bar} {minutes // 60:2}h{minutes % 60:02}m", style="green" if healthy else "bold red")


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Rich's own way ends the process with 1, whatever the command found."""
        raise  # noqa: PLE0704 - it is called where the error is handled


def _console() -> Console:
    terminal = sys.stdout.isatty()
    return _Console(
        file=sys.stdout,
        force_terminal=terminal,
        color_system="auto" if supports_colour(sys.stdout) else None,
        width=None if terminal else _UNBOUNDED,
        highlight=False,
    )


def _print_columns(
    console: Console,
    headers: Sequence[str],
    rows: Sequence[Sequence[Text]],
    *,
    whole: Sequence[str],
    widths: Sequence[int] | None = None,
    headless: bool = False,
) -> None:
    table = Table(box=box.SIMPLE_HEAD if console.is_terminal else None, pad_edge=False, show_header=not headless)
    for i, header in enumerate(headers):
        width = widths[i] if widths and header in whole else None
        table.add_column(header, no_wrap=header in whole, overflow="fold", width=width)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _print_blocks(console: Console, headers: Sequence[str], rows: Sequence[Sequence[Text]]) -> None:
    longest = max(len(header) for header in headers)
    for row in rows:
        for header, text in zip(headers, row, strict=True):
            if text.plain:
                console.print(Text(header.ljust(longest + _PADDING)).append_text(text), soft_wrap=True)
        console.print()
