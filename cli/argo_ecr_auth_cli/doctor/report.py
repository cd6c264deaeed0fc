"""Shows what doctor has checked and found: by subject, one line for each check, and below it what failed."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import get_args

from argo_ecr_auth_cli.doctor.check_context import CauseName, Finding, FindingName, Outcome, SymptomName
from argo_ecr_auth_cli.terminal.output import print_line, strip_control_characters, supports_color, supports_unicode
from argo_ecr_auth_cli.terminal.summary import (
    NO_ENTRY,
    NO_ROLE,
    NOT_CHECKED,
    find_worst,
    format_count,
    format_names,
    format_summary,
    name_failure,
)
from argo_ecr_auth_settings.documentation import make_link

_MAX_NAMES = 10
_MAX_SHOWN = 3  # findings of one kind, in full
_PASSED, _WARNING, _FAILED = "passed", "warning", "failed"
_MARKS = {_PASSED: ("✓", "+"), _WARNING: ("‼", "!"), _FAILED: ("✗", "x")}
_COLORS = {_PASSED: "32", _WARNING: "33", _FAILED: "1;31"}
_CAUSES, _SYMPTOMS = get_args(CauseName), get_args(SymptomName)
_CONDITIONS: dict[FindingName, str] = {
    "no-access-entry": NO_ENTRY,
    "stale-access-entry": NO_ENTRY,
    "no-role": NO_ROLE,
    "no-role-binding": NO_ROLE,
}
"""What the owner of a cluster has to add."""
_TO_ADD = {NO_ENTRY, NO_ROLE}  # by a command of each cluster's own


def list_findings(outcomes: Sequence[Outcome]) -> list[Finding]:
    """What the checks found. A credential that is not kept fresh goes with its cause; one cause is reported once."""
    return list(_fold_findings([finding for outcome in outcomes for finding in outcome.findings]).values())


def print_report(outcomes: Sequence[Outcome], targets: Sequence[str]) -> None:
    """Print a line for each check, however many targets it is for; before the checks of many targets, a sum of them."""
    shown = _fold_findings([finding for outcome in outcomes for finding in outcome.findings])
    subjects: dict[str, dict[str, list[Outcome]]] = {}
    for outcome in outcomes:
        subjects.setdefault(outcome.subject, {}).setdefault(outcome.passes, []).append(outcome)
    many = len(targets) > 1
    if many:
        print_line(_sum_up(list(shown.values()), targets))
    for i, (subject, checks) in enumerate(subjects.items()):
        if i or many:
            print_line("")
        for line in (subject, "-" * len(subject)):
            print_line(line)
        for passes, same in checks.items():
            _print_check(passes, same, shown, many=many)
    if not many:
        print_line("")
        print_line(_sum_up(list(shown.values()), targets))


def _print_check(passes: str, outcomes: Sequence[Outcome], shown: dict[int, Finding], *, many: bool) -> None:
    findings = [finding for outcome in outcomes for finding in outcome.findings]
    state = _find_state(findings)
    checked = {outcome.target for outcome in outcomes} - {None}
    wrong = {finding.target for finding in findings} - {None}
    of_how_many = f"{len(wrong):,} of {format_count(len(checked))}" if wrong and checked else format_count(len(checked))
    _print_in_color(_mark(state), state, f"{passes} ({of_how_many})" if many and checked else passes)
    own = [shown[id(finding)] for finding in findings if id(finding) in shown]
    if findings and not own:
        print_line("    follows from another finding")
    for group in _group_by_facts(own):
        for finding in group[:_MAX_SHOWN]:
            whose = f"{finding.target}: " if many and finding.target else ""
            text = whose + "; so ".join((finding.message, *finding.consequences))
            _print_in_color(f"    {finding.name}:", _find_state([finding]), text)
            print_line(f"    remedy: {finding.remedy}")
        if more := group[_MAX_SHOWN:]:
            names = list(dict.fromkeys(finding.target or "all" for finding in more))
            print_line(f"    and {len(more):,} more ({format_names(names, most=_MAX_NAMES)}); -o json shows all")
            if _find_condition(group[0]) in _TO_ADD:
                for remedy in dict.fromkeys(finding.remedy for finding in more):
                    print_line(f"    remedy: {remedy}")
        print_line(f"    see {make_link('operations', group[0].name)}")


def _group_by_facts(findings: Sequence[Finding]) -> Iterator[list[Finding]]:
    """Those of one code and, if they were not checked, for one reason: of many targets, a few stand for all."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.name, finding.cause.kind if finding.cause else None), []).append(finding)
    yield from groups.values()


def _find_state(findings: Sequence[Finding]) -> str:
    if not findings:
        return _PASSED
    return _WARNING if all(finding.not_checked for finding in findings) else _FAILED


def _mark(state: str) -> str:
    return _MARKS[state][0 if supports_unicode(sys.stdout) else 1]


def _print_in_color(label: str, state: str, text: str) -> None:
    if supports_color(sys.stdout):
        label = f"\x1b[{_COLORS[state]}m{label}\x1b[0m"
    sys.stdout.write(f"{label} {strip_control_characters(text)}\n")


def _sum_up(findings: Sequence[Finding], targets: Sequence[str]) -> str:
    if not findings:
        few = len(targets) <= _MAX_NAMES
        return f"nothing is wrong with {', '.join(targets) if few else format_count(len(targets))}"
    conditions = dict.fromkeys(targets, "healthy")
    for finding in findings:
        if finding.target is not None:
            conditions[finding.target] = find_worst((conditions[finding.target], _find_condition(finding)))
    of_all = [finding.name for finding in findings if finding.target is None]
    return format_summary(conditions) + (f"; of the installation: {', '.join(of_all)}" if of_all else "")


def _find_condition(finding: Finding) -> str:
    if finding.not_checked:
        return NOT_CHECKED
    by_error = name_failure(finding.cause.code if finding.cause else None)
    return _CONDITIONS.get(finding.name, by_error)


def _fold_findings(findings: Sequence[Finding]) -> dict[int, Finding]:
    """Those that are reported, by the identity of what the check found."""
    consequences: dict[int, list[str]] = {}
    folded: set[int] = set()
    for i, finding in enumerate(findings):
        if finding.name in _SYMPTOMS:
            cause = next((j for j, other in enumerate(findings) if _is_cause(other, finding)), None)
            if cause is not None:
                consequences.setdefault(cause, []).append(finding.message)
                folded.add(i)
        elif finding.cause and any(
            (other.target, other.cause) == (finding.target, finding.cause) for other in findings[:i]
        ):
            folded.add(i)
    return {
        id(finding): replace(finding, consequences=tuple(consequences.get(i, ())))
        for i, finding in enumerate(findings)
        if i not in folded
    }


def _is_cause(cause: Finding, finding: Finding) -> bool:
    return (
        cause.name in _CAUSES
        and cause.target in {None, finding.target}
        and cause.namespace in {None, finding.namespace}
    )
