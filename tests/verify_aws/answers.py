"""AWS's answer to a question."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.verify_aws.stage import Stage


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What AWS does. `right` says whether we assume that; None if it is not known."""

    text: str
    right: bool | None


Answers = Iterator[tuple[str, Answer]]
"""Each answer, with the ID of its question."""
Ask = Callable[[Stage], Answers]
