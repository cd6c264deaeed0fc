"""What several kinds of tests share. Nothing starts before a test asks for it."""

from collections.abc import Iterator

import pytest

from tests.local_cloud.cloud import LocalCloud
from tests.local_cloud.control_plane import ControlPlane


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A Kubernetes API server without AWS; two static tokens: `member`, in the group argo-ecr-auth, and `stranger`."""
    users = {"member": ("member", ["argo-ecr-auth"]), "stranger": ("stranger", [])}
    with ControlPlane(tmp_path_factory.mktemp("control-plane"), users=users) as plane:
        yield plane


@pytest.fixture(scope="session")
def local_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """AWS without clusters: `create_cluster` makes one, in about 4 seconds."""
    with LocalCloud(tmp_path_factory.mktemp("local-cloud") / "state") as cloud:
        yield cloud
