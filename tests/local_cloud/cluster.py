"""A cluster of a local cloud, as tests see and change it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.local_cloud import audit_log, kube_api
from tests.local_cloud.emulator_process import EmulatorProcess


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """An EKS cluster of a local cloud: its address, its audit log, and the faults that a test can cause."""

    emulator: EmulatorProcess
    name: str
    account: str
    region: str

    @property
    def directory(self) -> Path:
        return self.emulator.state_dir / "clusters" / f"{self.account}.{self.region}.{self.name}"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig, which follows the cluster's address and authority."""
        return self.directory / "kubeconfig"

    @property
    def admin(self) -> kube_api.KubeApi:
        return kube_api.read_kubeconfig(self.kubeconfig)

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
        """Change the authority and keep the endpoint. DescribeCluster then returns the new authority."""
        self._control("rotate-ca")

    def move(self) -> None:
        """Change the endpoint. DescribeCluster then returns the new one; the old one refuses connections."""
        self._control("move")

    def halt(self) -> None:
        """Let the endpoint refuse connections, until `restart`."""
        self._control("halt")

    def restart(self) -> None:
        self._control("restart")

    def freeze(self) -> None:
        """Let the endpoint accept connections and answer none, until `thaw`."""
        self._control("freeze")

    def thaw(self) -> None:
        self._control("thaw")

    def _control(self, action: str) -> None:
        self.emulator.hook(f"clusters/{self.account}/{self.region}/{self.name}/{action}")
