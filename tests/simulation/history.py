"""Histories: what happens in the world, and how each event changes it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from tests.simulation.edits import EDITS, FOREIGN_KINDS, end_foreign, make_foreign
from tests.simulation.installation import CLUSTERS, ENVIRONMENTS, VARIANTS
from tests.simulation.service_faults import SERVICES, break_service
from tests.simulation.world import TICK, World

_ROLES = "/apis/rbac.authorization.k8s.io/v1/namespaces"


@dataclass(frozen=True)
class Event:
    """Something happens, so many minutes after the event before, at this place, for so long."""

    after: int
    what: str
    where: int = 0
    minutes: int = 0

    def __str__(self) -> str:
        return f'Event({self.after}, "{self.what}", {self.where}, {self.minutes})'


def play(world: World, history: Sequence[Event]) -> None:
    """Let all of it happen, and all of it end."""
    world.begin()
    for event in history:
        let_happen(world, event)
    let_end(world)


def let_happen(world: World, event: Event) -> None:
    """The time before the event, then the event."""
    world.advance(timedelta(minutes=event.after))
    world.summary.events[event.what] += 1
    EVENTS[event.what](world, event)
    world.lively = 2


def let_end(world: World) -> None:
    """All faults and changes end, and all becomes fresh."""
    world.advance(TICK)
    world.settle()


def _break(world: World, event: Event, *, services: list[str], way: str) -> None:
    break_service(world, services[event.where % len(services)], way=way, minutes=event.minutes)


def _edit(world: World, event: Event, *, edit: str) -> None:
    account = world.accounts[event.where % len(world.accounts)]
    if not account.foreign:
        EDITS[edit](account, world.reality)


def _make_foreign(world: World, event: Event, *, kind: str) -> None:
    account = world.accounts[event.where % len(world.accounts)]
    if not account.foreign:
        make_foreign(account, kind)
        world.after(timedelta(minutes=event.minutes), partial(end_foreign, account))


def _remove_role(world: World, event: Event) -> None:
    cluster = list(CLUSTERS)[event.where % len(CLUSTERS)]
    if cluster in world.reality.without_role:
        return
    for plural in ("rolebindings", "roles"):
        path = f"{_ROLES}/{world.installation.namespace}/{plural}/argo-ecr-auth"
        assert world.api_servers[cluster].request("DELETE", path)[0] == 200
    world.reality.without_role.add(cluster)

    def put_back() -> None:
        world.grant(cluster)
        world.reality.without_role.discard(cluster)

    world.after(timedelta(minutes=event.minutes), put_back)


def _rotate(world: World, event: Event) -> None:
    world.installation.fronts[list(CLUSTERS)[event.where % len(CLUSTERS)]].rotate()


def _move(world: World, event: Event) -> None:
    world.installation.fronts[list(CLUSTERS)[event.where % len(CLUSTERS)]].move()


def _deploy(world: World, event: Event, *, variant: str) -> None:
    """The settings change, and are rolled back."""
    world.deploy(variant)

    def roll_back() -> None:
        if world.installation.variant == variant:
            world.deploy("as first")

    world.after(timedelta(minutes=event.minutes), roll_back)


def _make_role_again(world: World, event: Event) -> None:
    world.reality.role_generation += 1
    world.deploy(world.installation.variant)


def _end_sessions(world: World, event: Event) -> None:
    world.reality.ended = True

    def renew() -> None:
        world.reality.ended = False

    world.after(timedelta(minutes=min(event.minutes, 60)), renew)


def _issue_bad_tokens(world: World, event: Event) -> None:
    region = ("us-east-1", "eu-west-1")[event.where % 2]
    world.reality.bad_regions.add(region)
    world.after(timedelta(minutes=event.minutes), partial(world.reality.bad_regions.discard, region))


def _set_clock(world: World, event: Event) -> None:
    world.skew = timedelta(minutes=event.where % 9 - 4)


def _start_cold(world: World, event: Event) -> None:
    world.installation.start_cold(event.where % ENVIRONMENTS)


def _kill(world: World, event: Event) -> None:
    world.run_killed(world.accounts[event.where % len(world.accounts)], turn=1 + event.minutes % 5)


def _overlap(world: World, event: Event) -> None:
    account = world.accounts[event.where % len(world.accounts)]
    world.run_overlapping(account, turn=1 + event.minutes % 5, others=1 + event.minutes % 2)


FAULTS: Mapping[str, Callable[[World, Event], None]] = {
    f"{name}: {way}": partial(_break, services=services, way=way)
    for name, (services, ways) in SERVICES.items()
    for way in ways
}
EVENTS: Mapping[str, Callable[[World, Event], None]] = {
    **FAULTS,
    **{f"edit: {edit}": partial(_edit, edit=edit) for edit in EDITS},
    **{f"foreign: {kind}": partial(_make_foreign, kind=kind) for kind in FOREIGN_KINDS},
    **{f"settings: {variant}": partial(_deploy, variant=variant) for variant in VARIANTS},
    "Role removed": _remove_role,
    "CA rotated": _rotate,
    "endpoint moved": _move,
    "function's role made again": _make_role_again,
    "sessions ended": _end_sessions,
    "bad tokens": _issue_bad_tokens,
    "clock off": _set_clock,
    "cold start": _start_cold,
    "run killed": _kill,
    "runs overlap": _overlap,
}
