"""The threads of a run: an environment keeps them for the next run, unless one of them hangs."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from argo_ecr_auth.api_server.server import Access, ApiServer
from argo_ecr_auth.api_server.warm_cache import WarmCache
from argo_ecr_auth.aws.sessions import Sessions
from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.core.observed import ObservedState
from argo_ecr_auth.core.targets import Credential, Target
from argo_ecr_auth.credential import RunOptions
from argo_ecr_auth.run import MAX_CONCURRENCY, run_targets
from tests.unit.builders import NOW, credential, target


@dataclass(frozen=True, kw_only=True)
class Clusters:
    """None of them answers well; one of the name `silent` does not answer before it is `released`."""

    released: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)

    def to(self, target: Target) -> ApiServer:
        return Cluster(target, clusters=self)


class Cluster(ApiServer):
    def __init__(self, target: Target, *, clusters: Clusters) -> None:
        super().__init__(target)
        self._clusters = clusters

    def open(self) -> Access:
        raise AssertionError("nothing is read from it")

    def read(self, credential: Credential) -> ObservedState:
        self._clusters.threads.append(threading.current_thread())
        if self.target.name == "silent":
            self._clusters.released.wait()
        raise SyncError(failed=f"{credential.secret_name} was reached")


@pytest.fixture
def clusters() -> Iterator[Clusters]:
    clusters = Clusters()
    yield clusters
    clusters.released.set()


@pytest.fixture
def cache() -> WarmCache:
    return WarmCache(sessions=Sessions(region="eu-west-1"))


def run(*targets: Target, cache: WarmCache, clusters: Clusters, seconds: float = 30) -> list[str | None]:
    options = RunOptions(renew_before=timedelta(hours=6), seconds=seconds)
    results = run_targets(targets, options=options, cache=cache, now=lambda: NOW, servers=clusters)
    return [result.error for result in results]


def test_the_threads_of_a_run_serve_the_next(cache: WarmCache, clusters: Clusters) -> None:
    for _ in range(3):
        assert run(target(), cache=cache, clusters=clusters) == ["ecr-auth was reached"]

    assert len(set(clusters.threads)) == 1


def test_a_thread_that_hangs_takes_no_place_in_the_next_run(cache: WarmCache, clusters: Clusters) -> None:
    names = [f"ecr-{number}" for number in range(MAX_CONCURRENCY)]
    many = replace(target("silent"), credentials=tuple(credential(secret_name=name) for name in names))
    assert {"timed out" in str(error) for error in run(many, cache=cache, clusters=clusters, seconds=0.2)} == {True}

    assert run(target(), cache=cache, clusters=clusters) == ["ecr-auth was reached"]
