"""An Application of Argo CD, as its owner sees it."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from tests.argo_cd.programs import ArgoCd

_SECONDS = 90
_REFRESH = "argocd.argoproj.io/refresh"


@dataclass(frozen=True, kw_only=True)
class Application:
    """`name` is another one for each in a cluster: Argo CD knows by it what an Application made."""

    argo_cd: ArgoCd
    name: str
    project: str = "default"

    def create(self, **source: object) -> None:
        """Create it with automated sync into its own namespace."""
        namespace = self.argo_cd.namespace
        self.argo_cd.apply(
            {
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "Application",
                "metadata": {"name": self.name, "namespace": namespace},
                "spec": {
                    "project": self.project,
                    "source": source,
                    "destination": {"server": "https://kubernetes.default.svc", "namespace": namespace},
                    "syncPolicy": {"automated": {}},
                },
            }
        )

    def refresh(self) -> None:
        """Refresh it hard, and wait until Argo CD has done so."""
        self.request_refresh()
        self.wait_for_refresh()

    def request_refresh(self) -> None:
        """Let Argo CD refresh it hard, in its own time."""
        self._request("PATCH", {"metadata": {"annotations": {_REFRESH: "hard"}}})

    def wait_for_refresh(self) -> None:
        self._wait("refreshed", lambda found: _REFRESH not in found["metadata"].get("annotations", {}))

    def wait_until_healthy(self) -> None:
        """Wait until it is Synced, and nothing is wrong."""
        self._wait("healthy", _is_healthy)

    def wait_for_error(self, words: str) -> None:
        """Wait until it is Unknown, with a condition with these words."""
        self._wait(
            f"failed with {words!r}", lambda found: _read_status(found) == "Unknown" and words in _read_error(found)
        )

    @property
    def status(self) -> str:
        return _read_status(self._request("GET"))

    @property
    def is_healthy(self) -> bool:
        """Whether it is Synced, and nothing is wrong."""
        return _is_healthy(self._request("GET"))

    @property
    def error(self) -> str:
        """Argo CD's words of what is wrong."""
        return _read_error(self._request("GET"))

    def _wait(self, what: str, reached: Callable[[dict[str, Any]], bool]) -> None:
        deadline = time.monotonic() + _SECONDS
        while not reached(found := self._request("GET")):
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.name} is not {what}: {found.get('status')}\n{self.argo_cd.logs()}")
            time.sleep(0.2)

    def _request(self, method: str, body: object = None) -> dict[str, Any]:
        path = f"/apis/argoproj.io/v1alpha1/namespaces/{self.argo_cd.namespace}/applications/{self.name}"
        status, answer = self.argo_cd.cluster.admin.request(
            method, path, body, content_type="application/merge-patch+json"
        )
        assert status == 200, answer
        return dict(answer)


def refresh(applications: Collection[Application]) -> None:
    """Refresh all of them hard, at the same time."""
    for application in applications:
        application.request_refresh()
    for application in applications:
        application.wait_for_refresh()


def _is_healthy(application: dict[str, Any]) -> bool:
    return _read_status(application) == "Synced" and not _read_error(application)


def _read_status(application: dict[str, Any]) -> str:
    return str(application.get("status", {}).get("sync", {}).get("status", ""))


def _read_error(application: dict[str, Any]) -> str:
    conditions = application.get("status", {}).get("conditions", [])
    return "\n".join(
        condition["message"] for condition in conditions if condition["type"] in {"ComparisonError", "InvalidSpecError"}
    )
