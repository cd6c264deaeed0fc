"""What the changelog says of a version."""

import re
from collections.abc import Sequence

_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_UNRELEASED = "Unreleased"
_DATED = re.compile(r"(\S+) - \d{4}-\d{2}-\d{2}")


def find_faults(changelog: str, *, project: str, wanted: str | None) -> Sequence[str]:
    """Why this cannot be released, and what to do. `project` is the version of pyproject.toml.

    `wanted` is the version to be released. Without one, it is enough that the changes have a place in the changelog.
    """
    sections = _read_sections(changelog)
    if not wanted:
        if _find_section(sections, project) or _UNRELEASED in sections:
            return []
        return [f'CHANGELOG.md: neither entries of {project} nor a section "{_UNRELEASED}". Write one of them.']
    faults = []
    if wanted != project:
        faults.append(f'pyproject.toml: version is {project}. Write version = "{wanted}", and run `make setup`.')
    if not _find_section(sections, wanted):
        faults.append(f'CHANGELOG.md: no entries under "## {wanted} - YYYY-MM-DD". Give "{_UNRELEASED}" that heading.')
    if sections.get(_UNRELEASED):
        faults.append(f'CHANGELOG.md: "{_UNRELEASED}" has entries. Move them to "## {wanted} - YYYY-MM-DD".')
    return faults


def describe(changelog: str, *, version: str) -> str:
    """Where the changes up to now are: under the version, under "Unreleased", or under both."""
    sections = _read_sections(changelog)
    found = {version: _find_section(sections, version), f'"{_UNRELEASED}"': sections.get(_UNRELEASED)}
    named = [name for name, text in found.items() if text]
    return f"CHANGELOG.md has {'entries of ' + ' and '.join(named) if named else 'no entries yet'}"


def read_notes(changelog: str, *, version: str) -> str:
    """The version's entries, empty where it has none."""
    return _find_section(_read_sections(changelog), version)


def _read_sections(changelog: str) -> dict[str, str]:
    _, *parts = _HEADING.split(changelog)
    return {heading: text.strip() for heading, text in zip(parts[::2], parts[1::2], strict=True)}


def _find_section(sections: dict[str, str], version: str) -> str:
    headings = {found[1]: heading for heading in sections if (found := _DATED.fullmatch(heading))}
    return sections[headings[version]] if version in headings else ""
