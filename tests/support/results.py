"""Assertions about a result."""

from argo_ecr_auth.core.results import Result


def assert_failed(result: Result, *words: str) -> None:
    """Assert that it failed, with these words in one short line."""
    error = result.error or ""
    assert result.action == "failed"
    assert "\n" not in error
    assert len(error) <= 450
    assert [word for word in words if word not in error] == [], error
