"""Where the benchmark measures: a local cloud with a cluster and a registry, and assets of the function."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from argo_ecr_auth_settings.resolve import resolve_targets
from tests.benchmarks import processes
from tests.benchmarks.environment import Environment, Run, make_asset, make_variables
from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.local_cloud.environment import REGION
from tests.support.ecr import run_ecr
from tests.support.function import PERMISSIONS, REGISTRY, admit, grant, make_settings

COUNTS = (1, 100)
_FOLDER = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The runs of a process, and its processor time from its start to its end."""

    runs: list[Run]
    cpu: float

    @property
    def peak_mb(self) -> float:
        return self.runs[-1].peak_mb


@dataclass(frozen=True, kw_only=True)
class Scene:
    """The cluster, the assets by the number of their credentials, and the environment of the function."""

    folder: Path
    cluster: Cluster
    assets: dict[int, Path]
    environment: dict[str, str] = field(repr=False)

    def invoke(self, *orders: tuple[object, str], count: int = 1, requested: object = None) -> Measured:
        """Invoke the function with that many credentials in a new process, with these events, for these actions."""
        with Environment(self.assets[count], variables=self.environment, requested=requested) as environment:
            runs = environment.run([event for event, _ in orders])
            for run, (_, action) in zip(runs, orders, strict=True):
                found = {result["action"] for result in run.results}
                if found != {action} or any(result.get("verified") is False for result in run.results):
                    raise RuntimeError(f"expected {action}: {run.results}")
            return Measured(runs=runs, cpu=environment.end())

    def invoke_tutorial(self, event: object, *, packages: Path, runs: int) -> Measured:
        """Invoke the tutorial's function so many times in a new process."""
        with Environment(
            packages, variables=self.environment, module="tutorial_function", more_folders=[_FOLDER]
        ) as environment:
            return Measured(runs=environment.run([event] * runs), cpu=environment.end())

    def run_python(self, program: str, *, packages: Path, given: bytes = b"") -> processes.Done:
        """Run a program in a new process that imports from a folder alone."""
        command = [*processes.PYTHON, "-c", f"import sys; sys.path.insert(0, '.'); {program}"]
        return processes.run(command, directory=packages, environment=self.environment, given=given)

    def run_floor(self, given: bytes) -> processes.Done:
        program = f"import runpy; runpy.run_path({str(_FOLDER / 'floor.py')!r}, run_name='__main__')"
        return self.run_python(program, packages=self.assets[1], given=given)


def namespace(count: int) -> str:
    return f"credentials-{count}"


@contextmanager
def prepare() -> Iterator[Scene]:
    with tempfile.TemporaryDirectory() as name, LocalCloud(Path(name) / "cloud") as cloud:
        folder = Path(name)
        role = cloud.create_role("function", allow=PERMISSIONS)
        cluster = cloud.create_cluster("demo", namespaces=[namespace(count) for count in COUNTS])
        admit(cloud, cluster, role)
        with run_ecr(cloud, folder) as ecr:
            yield Scene(
                folder=folder,
                cluster=cluster,
                assets={count: _make_asset(folder / f"asset-{count}", cluster, count=count) for count in COUNTS},
                environment=make_variables(cloud, role) | ecr.environment | {"PATH": os.defpath, "HOME": name},
            )


def _make_asset(folder: Path, cluster: Cluster, *, count: int) -> Path:
    credentials = [{"registry": REGISTRY, "secret_name": f"ecr-{number}"} for number in range(count)]
    target = {"cluster": cluster.name, "namespace": namespace(count), "credentials": credentials}
    grant(cluster.admin, *resolve_targets(make_settings(target), region=REGION))
    return make_asset(folder, {"targets": [target]})
