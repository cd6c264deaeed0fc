"""Writes the pages that come from the code: `make docs` runs it before it builds the site."""

from tests.docs.command_line_page import format_command_line_page
from tests.docs.settings_page import TOP, format_settings_page

PAGES = {"settings.md": format_settings_page, "command-line.md": format_command_line_page}
"""The names of the pages in docs/, and what writes each."""

if __name__ == "__main__":
    for name, format_page in PAGES.items():
        (TOP / "docs" / name).write_text(format_page())
