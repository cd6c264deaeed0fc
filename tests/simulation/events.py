"""The events of a history: what may happen, how often, for how long, and how it changes the world."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from tests.simulation.edits import EDITS, FOREIGN_KINDS, back_up, end_foreign, make_foreign
from tests.simulation.installation import CLUSTERS, ENVIRONMENTS, FAR, NEAR, SHARED, VARIANTS
from tests.simulation.ledger import Ledger
from tests.simulation.services import CONNECTION_FAULTS, FAULTS
from tests.simulation.world import World


@dataclass(frozen=True)
class Event:
    """Something happens."""

    after: int  # minutes since the previous event
    name: str
    index: int = 0  # of the cluster, credential, region or registry
    minutes: int = 0  # how long it lasts


Act = Callable[[World, Event], None]
Range = tuple[int, int]

_MINUTES = (1, 30), (1, 6 * 60), (5 * 60, 16 * 60)
_HOURS = ((5 * 60, 16 * 60),)  # so long that a token is due meanwhile


@dataclass(frozen=True, kw_only=True)
class EventKind:
    """What happens, how often it is drawn, and the ranges of minutes that it lasts."""

    act: Act
    weight: float
    minutes: Sequence[Range]


def _break_service(world: World, event: Event, *, services: Sequence[str], fault: str) -> None:
    service = services[event.index % len(services)]
    world.reality.faults[service] = fault
    if service == "sts":
        # It is called only by an environment without sessions.
        world.installation.forget_sessions()
    _drop_connections(world, service)

    def end() -> None:
        if world.reality.faults.get(service) == fault:
            del world.reality.faults[service]
            _drop_connections(world, service)

    # A slow service takes a second of each run.
    world.after(timedelta(minutes=min(event.minutes, 3) if fault == "slow" else event.minutes), end)


def _drop_connections(world: World, service: str) -> None:
    """A fault meets connections that are open, too."""
    kind, _, name = service.partition(":")
    servers = {"api": world.installation.fronts, "registry": world.installation.registries}.get(kind)
    if servers:
        servers[name].drop_connections()


def _find_cluster(event: Event) -> str:
    return list(CLUSTERS)[event.index % len(CLUSTERS)]


def _find_ledger(world: World, event: Event) -> Ledger:
    return world.ledgers[event.index % len(world.ledgers)]


def _edit(world: World, event: Event, *, edit: str) -> None:
    ledger = _find_ledger(world, event)
    if not ledger.foreign:
        EDITS[edit](ledger, world.reality)


def _restore_later(world: World, event: Event) -> None:
    world.after(timedelta(minutes=event.minutes), back_up(_find_ledger(world, event)))


def _make_foreign(world: World, event: Event, *, kind: str) -> None:
    ledger = _find_ledger(world, event)
    if not ledger.foreign:
        make_foreign(ledger, kind)
        world.after(timedelta(minutes=event.minutes), partial(end_foreign, ledger))


def _remove_role(world: World, event: Event) -> None:
    cluster = _find_cluster(event)
    if cluster in world.reality.without_role:
        return
    world.clusters[cluster].revoke()
    world.reality.without_role.add(cluster)

    def restore() -> None:
        world.grant(cluster)
        world.reality.without_role.discard(cluster)

    world.after(timedelta(minutes=event.minutes), restore)


def _rotate_ca(world: World, event: Event) -> None:
    world.installation.fronts[_find_cluster(event)].rotate_authority()


def _move_endpoint(world: World, event: Event) -> None:
    world.installation.fronts[_find_cluster(event)].move()


def _change_settings(world: World, event: Event, *, variant: str) -> None:
    """They are rolled back later."""
    world.deploy(variant)

    def roll_back() -> None:
        if world.installation.variant == variant:
            world.deploy("default")

    world.after(timedelta(minutes=event.minutes), roll_back)


def _recreate_function_role(world: World, _: Event) -> None:
    world.reality.role_generation += 1
    world.deploy(world.installation.variant)


def _expire_sessions(world: World, event: Event) -> None:
    world.reality.sessions_expired = True

    def renew() -> None:
        world.reality.sessions_expired = False

    world.after(timedelta(minutes=min(event.minutes, 60)), renew)


def _issue_bad_tokens(world: World, event: Event) -> None:
    region = ("us-east-1", "eu-west-1")[event.index % 2]
    world.reality.bad_regions.add(region)
    world.after(timedelta(minutes=event.minutes), partial(world.reality.bad_regions.discard, region))


def _revoke_token(world: World, event: Event) -> None:
    ledger = _find_ledger(world, event)
    world.reality.revoke(ledger.read_payload(), ledger.credential)
    # Whoever shares the token is served by it no longer.
    for ledger in world.ledgers:
        if not ledger.is_served(world.reality):
            ledger.broken = True
            ledger.rejected_since = ledger.rejected_since or world.reality.now


def _set_clock(world: World, _: Event, *, minutes: int) -> None:
    world.skew = timedelta(minutes=minutes)


def _start_cold(world: World, event: Event) -> None:
    world.installation.start_cold(event.index % ENVIRONMENTS)


def _kill_run(world: World, event: Event, *, request: int) -> None:
    world.interrupt(_find_ledger(world, event), request=request, others=0)


def _overlap_runs(world: World, event: Event, *, request: int) -> None:
    world.interrupt(_find_ledger(world, event), request=request, others=1 + request % 2)


def _share(weight: float, acts: Mapping[str, Act], *, minutes: Sequence[Range] = _MINUTES) -> dict[str, EventKind]:
    """Kinds of events that share a weight."""
    return {name: EventKind(act=act, weight=weight / len(acts), minutes=minutes) for name, act in acts.items()}


def _list_faults(name: str, services: Sequence[str], *, without: Collection[str] = ()) -> dict[str, Act]:
    return {
        f"{name}: {fault}": partial(_break_service, services=services, fault=fault)
        for fault in FAULTS
        if fault not in without
    }


_REQUESTS = range(1, 6)
SERVICE_FAULTS: Mapping[str, EventKind] = {
    **_share(2, _list_faults("API server", [f"api:{name}" for name in CLUSTERS])),
    # Without TLS.
    **_share(2, _list_faults("EKS", ["eks"], without=CONNECTION_FAULTS)),
    **_share(2, _list_faults("STS", ["sts"], without=CONNECTION_FAULTS)),
    **_share(2, _list_faults("ECR", ["ecr:us-east-1", "ecr:eu-west-1"], without=CONNECTION_FAULTS)),
    # A login that is answered 200 is accepted, whatever else the answer holds.
    **_share(
        2, _list_faults("registry", [f"registry:{host}" for host in (NEAR, FAR, SHARED)], without=("garbage", "HTML"))
    ),
}
EVENTS: Mapping[str, EventKind] = {
    **SERVICE_FAULTS,
    **_share(1, {"bad tokens": _issue_bad_tokens}, minutes=_HOURS),
    **_share(1, {"token revoked": _revoke_token}),
    **_share(1, {"sessions expired": _expire_sessions}),
    **_share(7, {f"edit: {edit}": partial(_edit, edit=edit) for edit in EDITS}),
    **_share(1, {"restored from a backup": _restore_later}),
    **_share(1, {f"foreign: {kind}": partial(_make_foreign, kind=kind) for kind in FOREIGN_KINDS}),
    **_share(1, {f"settings: {variant}": partial(_change_settings, variant=variant) for variant in VARIANTS}),
    **_share(1, {"Role removed": _remove_role}),
    **_share(1, {"CA rotated": _rotate_ca, "endpoint moved": _move_endpoint}),
    **_share(1, {"function's role recreated": _recreate_function_role}),
    **_share(1, {f"clock off by {minutes} minutes": partial(_set_clock, minutes=minutes) for minutes in (-4, 0, 4)}),
    **_share(1, {"cold start": _start_cold}),
    **_share(1, {f"run killed at request {number}": partial(_kill_run, request=number) for number in _REQUESTS}),
    **_share(1, {f"runs overlap at request {number}": partial(_overlap_runs, request=number) for number in _REQUESTS}),
}
