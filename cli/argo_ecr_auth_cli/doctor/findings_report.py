"""Prints what doctor has found, for people."""

from collections.abc import Sequence

from argo_ecr_auth_cli.doctor.check_context import Finding
from argo_ecr_auth_cli.terminal.output import print_line
from argo_ecr_auth_cli.terminal.summary import (
    FAILING,
    NOT_CHECKED,
    find_worst,
    format_count,
    format_summary,
    rank_condition,
)

_MANY = 10


def print_findings(findings: Sequence[Finding], targets: Sequence[str]) -> None:
    """Print them under one line that sums up: of the installation first, then by target, those that fail first."""
    few = len(targets) <= _MANY
    if not findings:
        print_line(f"nothing is wrong with {', '.join(targets) if few else format_count(len(targets))}")
        return
    conditions = dict.fromkeys(targets, "healthy")
    for finding in findings:
        if finding.target is not None:
            condition = NOT_CHECKED if finding.not_checked else FAILING
            conditions[finding.target] = find_worst((conditions[finding.target], condition))
    if len(targets) > 1:
        print_line(format_summary(conditions))
    places = {name: (rank_condition(conditions[name]), i) for i, name in enumerate(targets)}
    _print_table(sorted(findings, key=lambda finding: places[finding.target] if finding.target else (-1, 0)))


def _print_table(findings: Sequence[Finding]) -> None:
    from argo_ecr_auth_cli.terminal.tables import colour_by_health, print_table  # noqa: PLC0415 - rich is of the extra

    print_table(
        ("TARGET", "FINDING", "WHAT", "REMEDY"),
        [
            (
                finding.target or "all",
                colour_by_health(finding.name, healthy=False),
                "; so ".join((finding.message, *finding.consequences)),
                finding.remedy,
            )
            for finding in findings
        ],
        below=("REMEDY",),
        copied=("REMEDY",),
    )
