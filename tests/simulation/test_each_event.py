"""Each kind of event happens once, one after the other: a drawn history leaves some out."""

from datetime import timedelta

from tests.simulation.drawing import play_steadily
from tests.simulation.history import EVENTS, FAULTS, Event, let_end, let_happen
from tests.simulation.months import open_world
from tests.simulation.summary import Summary

_HOUR = 60
# So that runs need every service: the cluster's address is asked for, and a new token. Twice, because a connection that
# was open before may end without an answer, which is no fault that is counted.
_NEEDS = (Event(0, "cold start"), Event(0, "edit: both deleted"), Event(2, "edit: both deleted"))


def test_each_kind_of_event_breaks_no_invariant_and_each_fault_meets_a_request() -> None:
    assert play_steadily(_play_each).events.keys() == EVENTS.keys()


def _play_each() -> Summary:
    with open_world() as world:
        world.begin()
        for what in EVENTS:
            met = world.summary.hits.total()
            for event in (Event(_HOUR, what, 0, _HOUR), *(_NEEDS if what in FAULTS else ())):
                let_happen(world, event)
            world.advance(timedelta(hours=2))
            assert what not in FAULTS or world.summary.hits.total() > met, f"nothing met the fault {what}"
        let_end(world)
        return world.summary
