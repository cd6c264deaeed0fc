"""Faults of services: which may fail, in which ways, and for how long."""

from collections.abc import Mapping
from datetime import timedelta

from tests.simulation.installation import CLUSTERS, FAR, NEAR, SHARED
from tests.simulation.services import CONNECTION_WAYS, WAYS
from tests.simulation.world import World

_HOSTS = (NEAR, FAR, SHARED)
_AWS_WAYS = tuple(way for way in WAYS if way not in CONNECTION_WAYS)  # no TLS there
_REFUSING_WAYS = tuple(way for way in WAYS if way not in {"garbage", "a page"})
SERVICES: Mapping[str, tuple[list[str], tuple[str, ...]]] = {
    "API server": ([f"api:{name}" for name in CLUSTERS], tuple(WAYS)),
    "EKS": (["eks"], _AWS_WAYS),
    "STS": (["sts"], _AWS_WAYS),
    "ECR": (["ecr:us-east-1", "ecr:eu-west-1"], _AWS_WAYS),
    # A login that is answered 200 is accepted, whatever else the answer holds.
    "registry": ([f"registry:{host}" for host in _HOSTS], _REFUSING_WAYS),
}
"""Each service's instances, and the ways in which it may fail."""


def break_service(world: World, service: str, *, way: str, minutes: int) -> None:
    world.reality.faults[service] = way
    if service == "sts":
        # It is asked where no session lives.
        world.installation.forget_sessions()
    _drop_connections(world, service)
    # It would take a second at each tick.
    minutes = min(minutes, 3) if way == "slow" else minutes

    def end() -> None:
        if world.reality.faults.get(service) == way:
            del world.reality.faults[service]
            _drop_connections(world, service)

    world.after(timedelta(minutes=minutes), end)


def _drop_connections(world: World, service: str) -> None:
    """A fault hits connections that are open, too."""
    kind, _, name = service.partition(":")
    if kind == "api":
        world.installation.fronts[name].drop_connections()
    if kind == "registry":
        world.installation.registries[name].drop_connections()
