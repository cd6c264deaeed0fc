"""Where the benchmark measures: a local cloud with a cluster and a registry, and assets of the function."""

import json
import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from argo_ecr_auth_cdk.function.asset import assemble
from argo_ecr_auth_settings.resolve import format_targets_file, resolve_targets
from argo_ecr_auth_settings.validation import validate_settings
from tests.benchmarks import processes
from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.local_cloud.environment import REGION
from tests.support.ecr import run_ecr
from tests.support.function import REGISTRY, RIGHTS, admit, grant, make_settings

COUNTS = (1, 100)
_SCRIPT = """
import runpy, sys
sys.path.insert(0, ".")
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
_CHILD = Path(__file__).with_name("child.py")


@dataclass(frozen=True, kw_only=True)
class Scene:
    """The cluster, the assets by the number of their credentials, and the environment of the function."""

    folder: Path
    cluster: Cluster
    assets: dict[int, Path]
    environment: dict[str, str] = field(repr=False)

    def invoke(self, *orders: tuple[object, str], count: int = 1, beside: bytes = b"") -> processes.Done:
        """Invoke the function with that many credentials in a new process, with these events, for these actions.

        `beside` are the requests that follow each run.
        """
        command = [*processes.PYTHON, str(_CHILD), json.dumps(orders)]
        return processes.run(command, directory=self.assets[count], environment=self.environment, given=beside)

    def run_script(self, name: str, *arguments: str, packages: Path, given: bytes = b"") -> processes.Done:
        """Run a script of this folder in a new process that imports from the folder `packages` alone."""
        command = [*processes.PYTHON, "-c", _SCRIPT, str(_CHILD.with_name(name)), *arguments]
        return processes.run(command, directory=packages, environment=self.environment, given=given)

    def run_python(self, program: str, *, packages: Path) -> processes.Done:
        """Run a program in a new process that imports from a folder alone."""
        command = [*processes.PYTHON, "-c", f"import sys; sys.path.insert(0, '.'); {program}"]
        return processes.run(command, directory=packages, environment=self.environment)


def namespace(count: int) -> str:
    return f"credentials-{count}"


@contextmanager
def prepare() -> Iterator[Scene]:
    with tempfile.TemporaryDirectory() as name, LocalCloud(Path(name) / "cloud") as cloud:
        folder = Path(name)
        role = cloud.create_role("function", allow=RIGHTS)
        cluster = cloud.create_cluster("demo", namespaces=[namespace(count) for count in COUNTS])
        admit(cloud, cluster, role)
        assumed = cloud.assume(role)
        with run_ecr(cloud, folder) as ecr:
            yield Scene(
                folder=folder,
                cluster=cluster,
                assets={count: _make_asset(folder / f"asset-{count}", cluster, count=count) for count in COUNTS},
                environment=cloud.settings()
                | ecr.environment
                | {
                    "PATH": os.defpath,
                    "HOME": str(folder),
                    "AWS_ACCESS_KEY_ID": assumed["AccessKeyId"],
                    "AWS_SECRET_ACCESS_KEY": assumed["SecretAccessKey"],
                    "AWS_SESSION_TOKEN": assumed["SessionToken"],
                    "AWS_LAMBDA_FUNCTION_NAME": "x",
                    "POWERTOOLS_METRICS_NAMESPACE": "ArgoEcrAuth",
                    "POWERTOOLS_LOG_LEVEL": "INFO",
                },
            )


def _make_asset(folder: Path, cluster: Cluster, *, count: int) -> Path:
    credentials = [{"registry": REGISTRY, "secret_name": f"ecr-{number}"} for number in range(count)]
    target = {"cluster": cluster.name, "namespace": namespace(count), "credentials": credentials}
    grant(cluster.admin, *resolve_targets(make_settings(target), region=REGION))
    folder.mkdir()
    assemble(
        folder,
        targets=format_targets_file(validate_settings({"targets": [target]})),
        architecture="arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64",
    )
    return folder
