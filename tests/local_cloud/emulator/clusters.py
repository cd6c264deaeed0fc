"""Gives each EKS cluster of ministack a real control plane."""

import base64
import contextlib
import logging
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import eks

from tests.local_cloud import binaries
from tests.local_cloud.control_plane import ControlPlane

Key = tuple[str, str, str]
Response = tuple[int, dict[str, str], bytes]

logger = logging.getLogger("local_cloud")
_KUBECTL_SECONDS = 60
_NO_SERVER = "no-api-server"
"""The tag of a cluster that EKS describes at once as active, and that nothing but EKS is asked about."""


@dataclass
class Fleet:
    """The control planes by account, region and name, each in its own directory."""

    state_dir: Path
    control_planes: dict[Key, ControlPlane] = field(default_factory=dict)

    def directory(self, key: Key) -> Path:
        return self.state_dir / "clusters" / ".".join(key)

    def control(self, account: str, region: str, name: str, action: str) -> None:
        """Do to a cluster what a test asks for: `rotate-ca`, `move`, `halt`, `restart`, `freeze` or `thaw`."""
        key = (account, region, name)
        control_plane = self.control_planes[key]
        actions = {
            "rotate-ca": control_plane.rotate_ca,
            "move": control_plane.move,
            "halt": control_plane.halt,
            "restart": control_plane.restart,
            "freeze": control_plane.freeze,
            "thaw": control_plane.thaw,
        }
        actions[action]()
        self.publish(key)

    def start(self, key: Key, *, secret: str) -> None:
        account, region, name = key
        port = os.environ["GATEWAY_PORT"]
        control_plane = ControlPlane(
            self.directory(key),
            token_webhook=f"http://127.0.0.1:{port}/_ministack/eks-auth/{account}/{region}/{name}/{secret}",
        )
        self.control_planes[key] = control_plane
        control_plane.start()
        self.publish(key)

    def publish(self, key: Key) -> None:
        """Write the cluster's address into the answer of DescribeCluster and into the administrator's kubeconfig."""
        control_plane = self.control_planes[key]
        kubeconfig = self.directory(key) / "kubeconfig"
        unfinished = kubeconfig.with_suffix(".new")
        unfinished.touch(mode=0o600)
        unfinished.write_text(control_plane.make_kubeconfig())
        unfinished.replace(kubeconfig)
        record = eks._clusters.get_scoped(*key)  # noqa: SLF001
        record["endpoint"] = control_plane.endpoint
        record["certificateAuthority"] = {"data": base64.b64encode(control_plane.ca_pem.encode()).decode()}
        record["status"] = "ACTIVE"

    def stop(self, key: Key) -> None:
        if control_plane := self.control_planes.pop(key, None):
            control_plane.stop()


def install(fleet: Fleet) -> None:
    create, delete = eks._create_cluster, eks._delete_cluster  # noqa: SLF001

    def create_cluster(body: dict[str, Any], creator_arn: str | None = None) -> Response:
        response: Response = create(body, creator_arn)
        if response[0] == 200 and body.get("tags", {}).get(_NO_SERVER) is None:
            key = (get_account_id(), get_region(), body["name"])
            # A copy: ministack's own thread marks the original as active at once, without a server.
            record = {**eks._clusters[body["name"]], "status": "CREATING", "endpoint": ""}  # noqa: SLF001
            # ministack uses Docker only for a cluster that has a container.
            record["_docker_id"] = "control-plane"
            eks._clusters[body["name"]] = record  # noqa: SLF001
            threading.Thread(target=_start, args=(fleet, key, record), daemon=True).start()
        return response

    def delete_cluster(name: str) -> Response:
        response: Response = delete(name)
        if response[0] == 200:
            fleet.stop((get_account_id(), get_region(), name))
        return response

    eks._create_cluster, eks._delete_cluster = create_cluster, delete_cluster  # noqa: SLF001
    eks._tag_resource, eks._untag_resource = _describe(eks._tag_resource), _describe(eks._untag_resource)  # noqa: SLF001
    _install_access_policies(fleet)


def _start(fleet: Fleet, key: Key, record: dict[str, Any]) -> None:
    account, region, name = key
    try:
        fleet.start(key, secret=record["_auth_token"])
    except Exception:
        logger.exception("The cluster %s does not start", ".".join(key))
        record["status"] = "FAILED"
    else:
        eks._schedule_access_policy_reconcile(name, account, region)  # noqa: SLF001


def _describe(change_tags: Callable[[str, dict[str, Any]], Response]) -> Callable[[str, dict[str, Any]], Response]:
    """Let DescribeCluster show the tags that a cluster has, where ministack shows those that it was created with."""

    def change(arn: str, body: dict[str, Any]) -> Response:
        response = change_tags(arn, body)
        if record := eks._clusters.get(arn.partition(":cluster/")[2]):  # noqa: SLF001
            record["tags"] = dict(eks._tags.get(arn, {}))  # noqa: SLF001
        return response

    return change


def _install_access_policies(fleet: Fleet) -> None:
    """Let ministack write access policies into a cluster as RBAC with our kubectl, in place of a container's."""
    reconcile = eks._reconcile_access_policy_rbac  # noqa: SLF001
    current = threading.local()

    def docker() -> SimpleNamespace | None:
        key = getattr(current, "key", None)
        if key is None:
            return None
        kubeconfig = fleet.directory(key) / "kubeconfig"
        container = SimpleNamespace(exec_run=lambda command: _run_kubectl(command, kubeconfig))
        return SimpleNamespace(containers=SimpleNamespace(get=lambda _: container))

    def reconcile_with_kubectl(name: str, account: str, region: str) -> bool:
        with _set(current, (account, region, name)):
            return bool(reconcile(name, account, region))

    eks._get_docker, eks._reconcile_access_policy_rbac = docker, reconcile_with_kubectl  # noqa: SLF001


@contextlib.contextmanager
def _set(current: threading.local, key: Key) -> Iterator[None]:
    current.key = key
    try:
        yield
    finally:
        current.key = None


def _run_kubectl(command: list[str], kubeconfig: Path) -> SimpleNamespace:
    environment = {
        "PATH": f"{binaries.find().kubectl.parent}{os.pathsep}{os.defpath}",
        "KUBECONFIG": str(kubeconfig),
        # The cluster's directory may be removed at any time: no cache in it.
        "KUBECACHEDIR": f"{os.devnull}/none",
    }
    done = subprocess.run(command, env=environment, capture_output=True, timeout=_KUBECTL_SECONDS, check=False)
    return SimpleNamespace(exit_code=done.returncode, output=done.stdout or done.stderr)
