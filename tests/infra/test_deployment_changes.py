"""What a deployment changes, by the record of the deployed stack and that of the settings."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from msgspec import structs

from argo_ecr_auth_deploy.changes import format_changes, list_changes
from argo_ecr_auth_settings.record import InstallationRecord, TargetRecord

_NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
_SECRETS = {"argocd/a": "one.example"}


def _make_target(cluster: str = "demo", *, secrets: Mapping[str, str] = _SECRETS, enabled: bool = True) -> TargetRecord:
    return TargetRecord(cluster=f"1/eu-west-1/{cluster}", secrets=secrets, enabled=enabled)


def _describe(
    before: Mapping[str, TargetRecord],
    after: Mapping[str, TargetRecord],
    expiries: Mapping[tuple[str, str], datetime] | None = None,
) -> tuple[list[str], bool]:
    """The lines, and whether anything is removed."""
    changes = list_changes(InstallationRecord(targets=before), InstallationRecord(targets=after))
    lines = list(format_changes(changes, expiries=expiries or {}, now=_NOW))
    return [line.strip() for line in lines], any(change.is_removal for change in changes)


_LOST = "nothing will renew its tokens; the current one expires within 12h"

_LOST_SECRET = "nothing will renew the tokens of argocd/a; the current one expires within 12h"


@pytest.mark.parametrize(
    ("old", "new", "line", "is_removal"),
    [
        (None, _make_target(), "demo: new, writes argocd/a", False),
        (None, _make_target(enabled=False), "demo: new, disabled, writes argocd/a", False),
        (_make_target(), None, f"demo: removed, {_LOST}", True),
        (_make_target(enabled=False), None, "demo: removed", True),
        (_make_target(), _make_target(enabled=False), f"demo: disabled, {_LOST}", True),
        (_make_target(enabled=False), _make_target(), "demo: enabled", False),
        (
            _make_target(),
            _make_target("other"),
            f"demo: writes to the cluster 1/eu-west-1/other instead of 1/eu-west-1/demo, {_LOST_SECRET}",
            True,
        ),
        (
            _make_target(),
            _make_target(secrets={"argocd/a": "two.example"}),
            "demo: argocd/a gets tokens of two.example instead of one.example",
            False,
        ),
        (_make_target(), _make_target(secrets={**_SECRETS, "argocd/b": "x"}), "demo: also writes argocd/b", False),
        (
            _make_target(secrets={**_SECRETS, "argocd/b": "x"}),
            _make_target(),
            "demo: nothing will renew the tokens of argocd/b; the current one expires within 12h",
            True,
        ),
        (
            _make_target(secrets={**_SECRETS, "argocd/b": "x"}, enabled=False),
            _make_target(enabled=False),
            "demo: no longer writes argocd/b",
            False,
        ),
    ],
)
def test_each_change_has_its_words(
    old: TargetRecord | None, new: TargetRecord | None, line: str, is_removal: bool
) -> None:
    before, after = ({"demo": target} if target else {} for target in (old, new))
    assert _describe(before, after) == ([line], is_removal)


def test_a_targets_check_interval_is_compared_where_it_is_not_the_general_one() -> None:
    general, hourly = _make_target(), structs.replace(_make_target(), check_every="1h")
    (change,) = list_changes(
        InstallationRecord(check_every="2m", targets={"demo": general, "other": general, "same": hourly}),
        InstallationRecord(check_every="5m", targets={"demo": hourly, "other": general, "same": hourly}),
    )
    assert (change.target, change.facts) == ("demo", ("checked every 1h instead of 2m",))


def test_what_stays_the_same_is_not_listed() -> None:
    assert _describe({"demo": _make_target()}, {"demo": _make_target()}) == ([], False)


def test_a_renamed_target_loses_no_token() -> None:
    lines, _ = _describe({"old": _make_target()}, {"new": _make_target()})
    assert lines == ["old: removed", "new: new, writes argocd/a"]


def test_the_expiry_is_that_of_the_token_that_expires_first() -> None:
    both = _make_target(secrets={**_SECRETS, "argocd/b": "one.example"})
    expiries = {("demo", f"argocd/{name}"): _NOW + timedelta(hours=hours) for name, hours in (("a", 11), ("b", 2.5))}
    (line,), _ = _describe({"demo": both}, {}, expiries)
    assert line.endswith("nothing will renew its tokens; the first one expires in 2h30m")
    (line,), _ = _describe({"demo": _make_target()}, {}, {("demo", "argocd/a"): _NOW - timedelta(minutes=1)})
    assert line.endswith("the current one has expired")


def test_of_many_changes_the_removals_are_listed_and_the_others_counted() -> None:
    after = {f"new-{number}": _make_target(f"new-{number}") for number in range(30)}
    lines, _ = _describe({"demo": _make_target()}, after)
    assert lines[0] == f"demo: removed, {_LOST}"
    assert lines[-1] == "and 11 more targets"
    assert len(lines) == 21
