"""The questions, as data: what we assume, what follows if it is wrong, and the page that relies on it."""

from dataclasses import dataclass

from tests.verify_aws import ask_ecr


@dataclass(frozen=True)
class Question:
    """`page` is in docs."""

    id: str
    question: str
    assumption: str
    consequence: str
    page: str


_HALF_LIFE = "adr/0003-renew-at-half-life.md"
_LATE = "The default `renew_before` of 6 hours renews too late."

QUESTIONS = {
    ask_ecr.ask_lifetimes: (
        Question("lifetime-role", "How long is the ECR token of a role valid?", "12 hours", _LATE, _HALF_LIFE),
    ),
}
"""By the function that asks them; it yields each answer with its question's ID."""

ALL = tuple(question for group in QUESTIONS.values() for question in group)
