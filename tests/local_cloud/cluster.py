"""A cluster of a local cloud, as a test sees it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.local_cloud import audit_log, kube_api
from tests.local_cloud.emulator_process import EmulatorProcess


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """An EKS cluster of a local cloud; what it is and has been asked, and what a test may do to it."""

    emulator: EmulatorProcess
    name: str
    account: str
    region: str

    @property
    def directory(self) -> Path:
        return self.emulator.state_dir / "clusters" / f"{self.account}.{self.region}.{self.name}"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's; written anew when the cluster's address or authority changes."""
        return self.directory / "kubeconfig"

    @property
    def admin(self) -> kube_api.KubeApi:
        return kube_api.from_kubeconfig(self.kubeconfig)

    @property
    def endpoint(self) -> str:
        return self.admin.endpoint

    @property
    def ca_pem(self) -> str:
        return self.admin.ca_pem

    def audit_events(self) -> list[dict[str, Any]]:
        """See `audit_log.read`."""
        return audit_log.read(self.directory / "audit.log")

    def rotate_ca(self) -> None:
        """Another authority, the same endpoint; DescribeCluster tells it from then on."""
        self._control("rotate-ca")

    def move(self) -> None:
        """Another endpoint, which DescribeCluster tells from then on; the old one refuses connections."""
        self._control("move")

    def halt(self) -> None:
        """The endpoint refuses connections, until `restart`."""
        self._control("halt")

    def restart(self) -> None:
        self._control("restart")

    def freeze(self) -> None:
        """The endpoint accepts connections and answers none, until `thaw`."""
        self._control("freeze")

    def thaw(self) -> None:
        self._control("thaw")

    def _control(self, action: str) -> None:
        self.emulator.hook(f"clusters/{self.account}/{self.region}/{self.name}/{action}")
