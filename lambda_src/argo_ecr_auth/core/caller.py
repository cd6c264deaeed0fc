"""Who asks AWS and the clusters, as messages name it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The identity that a run uses; `is_function` where a message may advise on the function's deployment."""

    name: str
    is_function: bool = False


FUNCTION = Caller(name="the function's role", is_function=True)
OPERATOR = Caller(name="your identity")
