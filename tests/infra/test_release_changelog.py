"""A release is refused if the changelog or the version is not ready."""

from pathlib import Path

import pytest

from tests.release.changelog import describe, find_faults, read_notes

_RELEASED = """\
# Changelog

## Unreleased

## 1.1.0 - 2026-11-25

### Added

- This.

## 1.0.0 - 2026-11-01

- That.
"""
_CHANGED = _RELEASED.replace("## Unreleased\n", "## Unreleased\n\n- More.\n")
_NO_PLACE = _RELEASED.replace("## Unreleased\n\n", "")


@pytest.mark.parametrize(
    ("changelog", "project", "wanted", "named"),
    [
        (_RELEASED, "1.1.0", "1.1.0", []),
        (_CHANGED, "1.1.0", None, []),
        (_CHANGED, "1.1.0", "1.1.0", ["Unreleased"]),
        (_RELEASED, "1.1.0", "1.2.0", ["pyproject.toml", "## 1.2.0"]),
        (_RELEASED.replace(" - 2026-11-25", ""), "1.1.0", "1.1.0", ["## 1.1.0"]),
        (_CHANGED, "1.2.0", None, []),
        (_NO_PLACE, "1.1.0", None, []),
        (_NO_PLACE, "1.2.0", None, ["neither entries of 1.2.0"]),
    ],
)
def test_a_release_names_what_is_missing(changelog: str, project: str, wanted: str | None, named: list[str]) -> None:
    faults = find_faults(changelog, project=project, wanted=wanted)

    assert [word in fault for word, fault in zip(named, faults, strict=True)] == [True] * len(named)


@pytest.mark.parametrize(
    ("changelog", "version", "named"),
    [
        (_RELEASED, "1.1.0", "entries of 1.1.0"),
        (_CHANGED, "1.1.0", 'entries of 1.1.0 and "Unreleased"'),
        (_CHANGED, "1.2.0", 'entries of "Unreleased"'),
        (_RELEASED, "1.2.0", "no entries yet"),
    ],
)
def test_it_says_where_the_changes_are(changelog: str, version: str, named: str) -> None:
    assert describe(changelog, version=version) == f"CHANGELOG.md has {named}"


def test_the_notes_are_the_entries_of_one_version() -> None:
    assert read_notes(_RELEASED, version="1.1.0") == "### Added\n\n- This."
    assert read_notes(_RELEASED, version="2.0.0") == ""


def test_the_projects_own_changelog_can_be_read() -> None:
    changelog = (Path(__file__).parents[2] / "CHANGELOG.md").read_text()

    assert "The first version" in read_notes(changelog, version="0.1.0")
