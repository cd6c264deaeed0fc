"""Folds findings, so that one cause is one row."""

from collections.abc import Sequence
from dataclasses import replace

from argo_ecr_auth_cli.doctor.check_context import Finding

_CAUSES = {
    "authentication-mode",
    "limited-endpoint",
    "no-access-entry",
    "no-group",
    "no-policy",
    "no-role",
    "no-role-binding",
    "no-schedule",
    "not-deployed",
    "not-running",
    "private-endpoint",
    "schedule-disabled",
    "stale-access-entry",
    "sts-region",
}
"""Why the function cannot keep a credential fresh."""


def fold_findings(findings: Sequence[Finding]) -> list[Finding]:
    """A credential that is not kept fresh goes with its cause, and what could not be checked is reported once."""
    consequences: dict[int, list[str]] = {}
    folded: set[int] = set()
    for i, finding in enumerate(findings):
        if finding.name == "not-kept-fresh":
            cause = next((j for j, each in enumerate(findings) if _is_cause(each, finding)), None)
            if cause is not None:
                consequences.setdefault(cause, []).append(finding.message)
                folded.add(i)
        elif finding.not_checked and any(_is_same(each, finding) for each in findings[:i]):
            folded.add(i)
    return [
        replace(finding, consequences=tuple(consequences.get(i, ())))
        for i, finding in enumerate(findings)
        if i not in folded
    ]


def _is_cause(cause: Finding, finding: Finding) -> bool:
    return (
        cause.name in _CAUSES
        and cause.target in {None, finding.target}
        and cause.namespace in {None, finding.namespace}
    )


def _is_same(one: Finding, other: Finding) -> bool:
    """Whether two checks failed for one reason."""
    return one.why is not None and (one.target, one.why) == (other.target, other.why)
