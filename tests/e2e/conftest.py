"""Deploys the CDK app with the real CDK CLI into a local cloud, once per module."""

from collections.abc import Iterator

import pytest

from tests.local_cloud.cloud import LocalCloud
from tests.support.function import REGISTRY
from tests.support.installation import Installation


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A cloud with a cluster `demo`, its manifest applied, and the app deployed with a schedule of one minute."""
    folder = tmp_path_factory.mktemp("e2e")
    with LocalCloud(folder / "cloud") as cloud:
        cloud.begin_cluster("demo")
        cloud.bootstrap()
        cluster = cloud.finish_cluster("demo")
        context = {"cluster": "demo", "registry": REGISTRY, "check_every": "1m", **cloud.cdk_context()}
        installation = Installation(cloud=cloud, cluster=cluster, output=folder / "cdk.out", context=context)
        installation.cdk("synth", "--quiet")
        installation.apply_manifests()
        installation.deploy()
        yield installation
