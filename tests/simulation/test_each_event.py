"""Each kind of event happens once, one after the other: a drawn history leaves some out."""

from datetime import timedelta

import pytest

from tests.local_cloud.control_plane import ControlPlane
from tests.simulation.events import EVENTS, SERVICE_FAULTS, Event
from tests.simulation.history import open_world, play

_HOUR = 60
# So that runs need every service: they look for the cluster's address, and need a new token. Twice, because a
# connection that was open before may be closed without an answer, which counts as no fault.
_NEEDS = (Event(0, "cold start"), Event(0, "edit: both deleted"), Event(2, "edit: both deleted"))


@pytest.mark.parametrize("others", [False, True], ids=["faults of services", "other events"])
def test_each_kind_of_event_breaks_no_invariant_and_each_fault_meets_a_request(
    control_plane: ControlPlane, *, others: bool
) -> None:
    names = [name for name in EVENTS if others == (name not in SERVICE_FAULTS)]
    with open_world(control_plane) as world:
        for name in names:
            hits = world.summary.hits.total()
            for event in (Event(_HOUR, name, 0, _HOUR), *(() if others else _NEEDS)):
                play(world, event)
            world.advance(timedelta(hours=2))
            assert others or world.summary.hits.total() > hits, f"{name} met no request"
        world.settle()

    assert set(names) <= world.summary.events.keys()
