"""Prints tables of measurements."""

from collections.abc import Sequence


def print_table(title: str, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """As Markdown, so that a page of the docs can show it as it is."""
    widths = [max(len(row[i]) for row in (headers, *rows)) for i in range(len(headers))]
    print(f"\n{title}\n")
    for row in (headers, ["-" * width for width in widths], *rows):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |")
