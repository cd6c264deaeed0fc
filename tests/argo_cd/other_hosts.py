"""Applications that make Argo CD ask hosts that only look like the registry, and Applications that ask the registry."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from tests.argo_cd.application import Application, refresh
from tests.argo_cd.charts import (
    BY_HOST,
    BY_OCI_URL,
    BY_PREFIX,
    PREFIX,
    VERSION,
    commit_charts,
    push_chart,
    write_dependent_chart,
)
from tests.argo_cd.playground import Playground
from tests.support.ecr import Ecr
from tests.support.function import REGISTRY

# What charts in git depend on: whoever may commit chooses it.
DEPENDENCIES = {
    "longer-host": f"oci://{REGISTRY}.git.example/team",
    "longer-domain": f"oci://{REGISTRY}munity/team",
    "other-port": f"oci://{REGISTRY}:8443/team",
    "shorter-host": f"oci://{REGISTRY.removesuffix('m')}",
}
# As if the registry's host were a user's name. Only Helm 4 takes it for a URL, and only after a login.
BEHIND_A_USER = "behind-a-user"
# The repoURL of Applications: whoever may create one chooses it.
REPO_URLS = {
    "chart-at-longer-host": f"{REGISTRY}.chart.example/team",
    "chart-at-shorter-host": REGISTRY.removesuffix("om"),
    "oci-at-longer-host": f"oci://{REGISTRY}.oci.example/team/demo",
    "oci-at-other-port": f"oci://{REGISTRY}:8444/team/demo",
    "oci-at-shorter-host": f"oci://{REGISTRY.removesuffix('.com')}/team/demo",
}
# A chart in the registry that depends on a host: whoever may push chooses it.
IN_THE_REGISTRY = "dependency-of-a-pushed-chart"
PUSHED_CHART = f"{PREFIX}/hostile"

_COMMITTED = {**DEPENDENCIES, BEHIND_A_USER: f"oci://{REGISTRY}@user.example/team"}
_PUSHED = {IN_THE_REGISTRY: f"oci://{REGISTRY.removesuffix('.amazonaws.com')}"}
_URLS = {**_COMMITTED, **_PUSHED, **REPO_URLS}


@dataclass(frozen=True, kw_only=True)
class Attack:
    """What Argo CD has sent: the hosts, by their Applications' names, that it has asked, and those with a password."""

    asked: frozenset[str]
    given_a_password: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class OtherHosts:
    """Applications by name. Those in `useful` ask the registry; each one in `hostile` asks a host of its own."""

    ecr: Ecr
    hostile: Mapping[str, Application]
    useful: Mapping[str, Application]

    @classmethod
    def create(cls, playground: Playground, ecr: Ecr, directory: Path) -> Self:
        for name, url in (("hostile", _PUSHED[IN_THE_REGISTRY]), ("nested", f"oci://{PREFIX}")):
            chart = write_dependent_chart(directory, name, depends_on=url)
            push_chart(playground.argo_cd.assets, ecr, chart, "/team")
        useful_dependencies = {"git": f"oci://{PREFIX}", "bare-git": f"oci://{REGISTRY}"}
        git = commit_charts(directory / "git", {**_COMMITTED, **useful_dependencies})
        committed = {"repoURL": git, "targetRevision": "HEAD"}
        hostile = {name: {**committed, "path": name} for name in _COMMITTED}
        hostile |= {name: _make_source(url) for name, url in REPO_URLS.items()}
        hostile[IN_THE_REGISTRY] = _make_source(f"oci://{PUSHED_CHART}")
        useful = {"host": BY_HOST, "prefix": BY_PREFIX, "oci": BY_OCI_URL}
        useful |= {name: {**committed, "path": name} for name in useful_dependencies}
        useful["nested"] = _make_source(f"oci://{PREFIX}/nested")

        def create(sources: Mapping[str, Mapping[str, str]]) -> dict[str, Application]:
            applications = {name: Application(argo_cd=playground.argo_cd, name=name) for name in sources}
            for name, application in applications.items():
                application.create(**sources[name])
            return applications

        return cls(ecr=ecr, hostile=create(hostile), useful=create(useful))

    def attack(self) -> Attack:
        """Refresh the hostile Applications."""
        seen = len(self.ecr.visits)
        refresh(self.hostile.values())
        visits = self.ecr.visits[seen:]
        return Attack(
            asked=_name_places(visit.place for visit in visits),
            given_a_password=_name_places(visit.place for visit in visits if visit.authorization),
        )

    def find_synced(self, *expected: str) -> set[str]:
        """Refresh the useful Applications; the names of those that are Synced, once the expected ones are."""
        refresh(self.useful.values())
        for name in expected:
            self.useful[name].wait_until_healthy()
        return {name for name, application in self.useful.items() if application.is_healthy}


def _make_source(url: str) -> dict[str, str]:
    kind = {"path": "."} if url.startswith("oci://") else {"chart": "demo"}
    return {"repoURL": url, "targetRevision": VERSION, **kind}


def _name_places(places: Iterable[str]) -> frozenset[str]:
    names = {_find_place(url): name for name, url in _URLS.items()}
    return frozenset(names[place] for place in places)


def _find_place(url: str) -> str:
    parts = urlsplit(f"//{url.removeprefix('oci://')}")
    return f"{parts.hostname}:{parts.port or 443}"
