"""What hypothesis draws for an event: times, places, ways and edits."""

from hypothesis import strategies as st

from tests.simulation.edits import EDITS
from tests.simulation.service_faults import SERVICES

# The simplest is hypothesis' first example each time.
DAYS = st.sampled_from((0, *range(9, 21)))
AFTER = st.one_of(st.integers(0, 10), st.integers(0, 12 * 60), st.integers(0, 3 * 24 * 60))
HOURS = st.integers(5 * 60, 16 * 60)  # so long that a token is due meanwhile
MINUTES = st.one_of(st.integers(1, 30), st.integers(1, 6 * 60), HOURS)
WHERE = st.integers(0, 8)
_WITHOUT_ANSWER = {"no connection", "wrong CA", "reset", "broken off", "slow"}
ADDED = tuple(name for name in EDITS if name.endswith("added") and name != "mark added")
DELETED = tuple(name for name in EDITS if name.endswith("deleted"))
PASSWORD = tuple(name for name in EDITS if name.startswith("password"))
EXPIRY = tuple(name for name in EDITS if name.startswith("expiry"))
MARKS = tuple(
    name for name in EDITS if name.startswith(("fingerprint", "source", "mark a", "ConfigMap's name", "labels"))
)
VALUES = ("url changed", "username changed", "enableOCI reset", "name removed", "ConfigMap's label changed")


def choose_way(service: str, *, answering: bool) -> st.SearchStrategy[str]:
    return st.sampled_from([way for way in SERVICES[service][1] if answering == (way not in _WITHOUT_ANSWER)])
