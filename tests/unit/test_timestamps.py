"""Times as the cluster holds them: written to the second, read in any zone, and nothing else taken for one."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo_ecr_auth.core.timestamps import format_time, parse_expiry, parse_time

MOMENT = datetime(2026, 11, 24, 4, 55, 22, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-11-24T04:55:22Z", "2026-11-24T05:55:22+01:00", "2026-11-24T04:55:22.000Z"])
def test_a_timestamp_is_read_in_whatever_zone_it_is_written(text: str) -> None:
    assert parse_time(text) == MOMENT


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "1795500000", "2026-11-24", "2026-11-24T04:55:22", "2026-02-30T04:55:22Z", None, 5, []),
        *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
    ],
)
def test_anything_else_is_not_a_timestamp(text: Any) -> None:
    assert parse_time(text) is None


@given(st.text())
def test_any_text_is_a_timestamp_or_not(text: str) -> None:
    moment = parse_time(text)
    assert moment is None or moment.tzinfo is UTC


@given(st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds the zone
def test_what_is_written_is_read_again_to_the_second(moment: datetime) -> None:
    assert parse_time(format_time(moment)) == moment.replace(microsecond=0)


@pytest.mark.parametrize("config_map", [None, {}, {"data": None}, {"data": {}}, {"data": {"expireyTime": None}}])
def test_a_config_map_without_an_expiry_has_none(config_map: Any) -> None:
    assert parse_expiry(config_map) is None


def test_the_expiry_is_under_the_original_tools_key() -> None:
    assert parse_expiry({"data": {"expireyTime": "2026-11-24T04:55:22Z"}}) == MOMENT
