"""Measures the table's rows, each beside its alternative."""

import json
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import processes
from tests.benchmarks.alternatives import install_aws_cli, install_whole_packages, measure_loop, zip_size
from tests.benchmarks.environment import Run
from tests.benchmarks.scene import COUNTS, Measured, Scene, namespace
from tests.benchmarks.table import Row
from tests.local_cloud import binaries

_ROUNDS = 7
_WARM_RUNS = 100
_IDLE: tuple[object, str] = ({}, "fresh")
_RENEWAL: tuple[object, str] = ({"force": True}, "renewed")
_MB = 1_000_000
_BUDGETS_MB = {1: 70, 100: 80}

_BOTO3 = "import boto3; boto3.client('ecr')"
_WHOLE = f"{_BOTO3}; from kubernetes import client; client.CoreV1Api(); import aws_lambda_powertools as p; p.Logger()"

# A day of one target at the default check interval of two minutes, which renews every six hours. AWS ends an
# environment "every few hours" even where it is invoked continuously (AWS Lambda Developer Guide, "Understanding the
# Lambda execution environment lifecycle"): taken as three. Each cold start is billed with its imports.
_RUNS, _RENEWALS, _COLD_STARTS = 720, 4, 8
_MEMORY_MB = 256
_MB_OF_ONE_PROCESSOR = 1769
"""Lambda gives a function processor time in proportion to its memory, a whole processor at this size."""
_POD_MB, _DAY = 33, 86_400
RECKONING = (
    f"GB-seconds a day: {_RUNS} runs, of which {_COLD_STARTS} are cold and {_RENEWALS} renew, at {_MEMORY_MB} MB. "
    f"A run is billed for its processor time x {_MB_OF_ONE_PROCESSOR}/{_MEMORY_MB} (Lambda's share of a processor) and "
    f"for what it waited here; a cold one for its imports too. The pod: {_POD_MB} MB x {_DAY:,} s."
)


@dataclass(frozen=True, kw_only=True)
class _Idle:
    """Seconds of a warm idle run and of its requests alone."""

    cpu: float
    cpu_of_requests: float
    waited: float


def measure_rows(scene: Scene) -> list[Row]:
    """First the memory: its first runs create what the others find."""
    memory = [_measure_memory(scene, count) for count in COUNTS]
    whole, aws = install_whole_packages(), install_aws_cli()
    asset = scene.assets[1]
    cpu = processes.take_minimum(
        {
            "cold": lambda: scene.invoke(_IDLE).cpu,
            "boto3": lambda: scene.run_python(_BOTO3, packages=asset).cpu,
            "whole": lambda: scene.run_python(_WHOLE, packages=whole).cpu,
            "floor": lambda: _run_floor(scene),
            "tutorial": lambda: _invoke_tutorial(scene, whole, runs=1).cpu,
            "renewal": lambda: scene.invoke(_RENEWAL).cpu,
            "warm renewal": lambda: min(run.cpu for run in _invoke_warm(scene, _RENEWAL)),
            "cron job": lambda: _run_cron_job(scene, aws),
        },
        rounds=_ROUNDS,
    )
    idle, loop = _measure_idle(scene), measure_loop(scene, namespace=namespace(1))
    tutorial = _invoke_tutorial(scene, whole, runs=_WARM_RUNS)
    warm_tutorial = min(run.cpu for run in tutorial.runs[2:])
    cron_job = "a CronJob: aws ecr get-login-password, kubectl apply"
    return [
        _cpu("cold start and first idle run", cpu["cold"], "the asset's boto3 and a client", cpu["boto3"], 1.5),
        _cpu("the same", cpu["cold"], "boto3, CoreV1Api, Powertools of pip", cpu["whole"], 0.35),
        _cpu("the same", cpu["cold"], "a tutorial's function, which renews", cpu["tutorial"], 0.35),
        _cpu("the same", cpu["cold"], "botocore's signer and urllib3 alone", cpu["floor"], 3),
        _cpu("a warm idle run", idle.cpu, "a check of the loop in a pod", loop.cpu, 1.5),
        _cpu("the same", idle.cpu, "a tutorial's function, which renews", warm_tutorial, 0.2),
        _cpu("the same", idle.cpu, "its two GETs by urllib3, kept alive", idle.cpu_of_requests, 2.5),
        _cpu("a renewal, cold", cpu["renewal"], cron_job, cpu["cron job"], 0.6),
        _cpu("a renewal, warm", cpu["warm renewal"], cron_job, cpu["cron job"], 0.02),
        *memory,
        _memory(memory[0].ours, "a tutorial's function", tutorial.peak_mb, 0.6),
        _memory(memory[0].ours, "the loop", loop.peak_mb, 0.9),
        _reckon_a_day(cpu, idle),
        Row(
            what="asset, zipped",
            ours=zip_size(asset) / _MB,
            unit="MB",
            beside="boto3 and kubernetes of pip, zipped",
            theirs=zip_size(whole, without=("aws_lambda_powertools", "msgspec")) / _MB,
            budget=0.2,
        ),
    ]


def _cpu(what: str, ours: float, beside: str, theirs: float, budget: float) -> Row:
    return Row(what=f"{what} (CPU)", ours=ours, unit="s", beside=beside, theirs=theirs, budget=budget)


def _memory(ours: float, beside: str, theirs: float, budget: float) -> Row:
    what = "memory of a process, credentials: 1"
    return Row(what=what, ours=ours, unit="MB", beside=beside, theirs=theirs, budget=budget)


def _invoke_tutorial(scene: Scene, packages: Path, *, runs: int) -> Measured:
    # A Secret that only the measurement of the memory reads, before this.
    event = {"cluster": scene.cluster.name, "namespace": namespace(100), "secret": "ecr-99"}
    return scene.invoke_tutorial(event, packages=packages, runs=runs)


def _run_floor(scene: Scene) -> float:
    given = json.dumps({"urls": _list_urls(scene), "ca": scene.cluster.admin.ca_pem, "cluster": scene.cluster.name})
    return scene.run_floor(given.encode()).cpu


def _list_urls(scene: Scene) -> list[str]:
    objects = f"{scene.cluster.admin.endpoint}/api/v1/namespaces/{namespace(1)}"
    return [f"{objects}/secrets/ecr-0", f"{objects}/configmaps/ecr-0"]


def _measure_idle(scene: Scene) -> _Idle:
    """Run, requests, run, requests, ... in one process: both meet the same state of the processor's caches.

    Alone, either has caches of its own, as it never has minutes after the run before. The median of each, because other
    work slows both alike; a minimum favors the shorter one.
    """
    admin = scene.cluster.admin
    requested = {"urls": _list_urls(scene), "ca": admin.ca_pem, "token": admin.token}
    runs = [run for _ in range(_ROUNDS) for run in _invoke_warm(scene, _IDLE, requested=requested)]
    cpu = statistics.median(run.cpu for run in runs)
    return _Idle(
        cpu=cpu,
        cpu_of_requests=statistics.median(run.cpu_of_requests or 0 for run in runs),
        waited=max(0.0, statistics.median(run.wall for run in runs) - cpu),
    )


def _invoke_warm(scene: Scene, order: tuple[object, str], *, requested: object = None) -> list[Run]:
    """The runs of a new process without the first two."""
    return scene.invoke(*[order] * (_WARM_RUNS + 2), requested=requested).runs[2:]


def _measure_memory(scene: Scene, count: int) -> Row:
    measured = scene.invoke(({}, "created"), _IDLE, _RENEWAL, count=count)
    what = f"memory of a process, credentials: {count}"
    return Row(what=what, ours=measured.peak_mb, unit="MB", budget=_BUDGETS_MB[count])


def _run_cron_job(scene: Scene, aws: Path) -> float:
    """The CPU of both commands. Each CronJob is a new pod, hence kubectl's cache is empty."""
    with tempfile.TemporaryDirectory(dir=scene.folder) as folder:
        environment = scene.environment | {"KUBECONFIG": str(scene.cluster.kubeconfig), "KUBECACHEDIR": folder}
        login = processes.run([aws, "ecr", "get-login-password"], directory=Path(folder), environment=environment)
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "cron-job", "namespace": namespace(1)},
            "stringData": {"username": "AWS", "password": login.output.decode().strip()},
        }
        apply: list[str | Path] = [binaries.find().kubectl, "apply", "-f", "-"]
        applied = processes.run(
            apply, directory=Path(folder), environment=environment, given=json.dumps(secret).encode()
        )
    return login.cpu + applied.cpu


def _reckon_a_day(cpu: dict[str, float], idle: _Idle) -> Row:
    """See RECKONING."""
    seconds = (
        _RUNS * idle.waited
        + ((_RUNS - _RENEWALS - _COLD_STARTS) * idle.cpu + _RENEWALS * cpu["warm renewal"] + _COLD_STARTS * cpu["cold"])
        * _MB_OF_ONE_PROCESSOR
        / _MEMORY_MB
    )
    return Row(
        what="GB-seconds a day, one target",
        ours=seconds * _MEMORY_MB / 1000,
        unit="GB-s",
        beside="the in-cluster tool's pod",
        theirs=_POD_MB * _DAY / 1000,
        budget=0.01,
    )
