"""What the function may be asked, and which targets that means."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo_ecr_auth.core.events import MAX_TARGETS, Event, EventError, parse_event, select_targets
from argo_ecr_auth.core.targets import Target
from tests.unit.builders import target

TARGETS = (target("a"), target("b"), target("asleep", enabled=False))
EXPECTED = r'expected \{\} or \{"targets": \["NAME", \.\.\.\], "dry_run": true, "force": true\}, each key optional'


def _names(*named: str) -> list[str]:
    return [found.name for found in select_targets(TARGETS, Event(targets=named))]


@pytest.mark.parametrize(
    ("event", "meant"),
    [
        ({}, Event()),
        ({"targets": ["a"]}, Event(targets=("a",))),
        ({"targets": None}, Event()),
        ({"dry_run": True}, Event(dry_run=True)),
        ({"force": True, "dry_run": False}, Event(force=True)),
    ],
)
def test_an_event_says_what_to_do(event: dict[str, Any], meant: Event) -> None:
    assert parse_event(event) == meant


@pytest.mark.parametrize(
    "event",
    [
        *(None, [], "a", 7, {"target": "a"}, {"targets": "a"}, {"targets": [1]}, {"targets": {"a": True}}),
        *({"dry_run": "true"}, {"force": 1}, {"dry-run": True}, {"Records": []}),
        {"version": "0", "detail-type": "Scheduled Event", "detail": {}},
    ],
)
def test_another_event_is_refused_with_what_was_expected(event: Any) -> None:
    with pytest.raises(EventError, match=f"{EXPECTED}$"):
        parse_event(event)


def test_a_refusal_does_not_repeat_the_events_values() -> None:
    with pytest.raises(EventError) as refused:
        parse_event({"force": "planted-value"})
    assert "planted-value" not in str(refused.value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["targets", "dry_run", "force"]) | st.text(), inner)
        ),
        max_leaves=5,
    )
)
def test_any_event_is_understood_or_refused(event: Any) -> None:
    try:
        understood = parse_event(event)
    except EventError:
        return
    assert isinstance(understood, Event)


@pytest.mark.parametrize(
    ("event", "names"),
    [
        (Event(), ["a", "b"]),
        (Event(targets=("b",)), ["b"]),
        (Event(targets=("b", "a")), ["b", "a"]),
        (Event(targets=("a", "a")), ["a"]),
        (Event(targets=("asleep",)), ["asleep"]),
    ],
    ids=["every enabled one", "the named one", "the event's order", "named twice", "disabled but named"],
)
def test_an_event_means_these_targets(event: Event, names: list[str]) -> None:
    assert [found.name for found in select_targets(TARGETS, event)] == names


def test_an_unknown_target_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(EventError, match=r"^no target is named x, y: the settings have a, b, asleep$"):
        _names("a", "x", "y")


def test_a_refusal_names_only_some_of_many_targets() -> None:
    many = [target(f"t{i}") for i in range(12)]
    with pytest.raises(EventError, match=r"the settings have t0, .*, t9 and 2 more$"):
        select_targets(many, Event(targets=("x",)))


@pytest.mark.parametrize(
    ("targets", "event"),
    [(TARGETS, Event(targets=())), (TARGETS[2:], Event())],
    ids=["an empty list", "disabled targets alone"],
)
def test_no_target_at_all_is_refused(targets: tuple[Target, ...], event: Event) -> None:
    with pytest.raises(EventError, match=f"^no target is named or enabled: {EXPECTED}$"):
        select_targets(targets, event)


@pytest.mark.parametrize("disabled", [0, 5])
def test_as_many_enabled_targets_as_one_run_does_are_done(disabled: int) -> None:
    many = [target(f"t{i}", enabled=i < MAX_TARGETS) for i in range(MAX_TARGETS + disabled)]
    assert select_targets(many, Event()) == tuple(many[:MAX_TARGETS])


def test_more_targets_than_one_run_does_are_refused_with_the_limit() -> None:
    many = [target(f"t{i}") for i in range(MAX_TARGETS + 1)]
    with pytest.raises(EventError, match=f"{MAX_TARGETS + 1} targets .* name at most {MAX_TARGETS} in `targets`$"):
        select_targets(many, Event())


@pytest.mark.parametrize("refuse", [_names, lambda text: parse_event({text: 1})], ids=["a name", "a key"])
@pytest.mark.parametrize("text", ["\ud800", "x\udfff", "\N{SNOWMAN}", "a\nb", "\x1b[31m", "\x7f", "\x9b"])
def test_what_no_log_can_hold_is_refused_in_printable_ascii(refuse: Callable[[str], object], text: str) -> None:
    with pytest.raises(EventError) as refused:
        refuse(text)
    assert str(refused.value).isascii()
    assert str(refused.value).isprintable()


def test_a_backslash_is_quoted_as_it_is() -> None:
    with pytest.raises(EventError, match=r"named a\\b:"):
        _names("a\\b")


def test_an_endless_name_is_cut() -> None:
    with pytest.raises(EventError) as refused:
        _names("x" * 100_000)
    assert len(str(refused.value)) < 1_000
