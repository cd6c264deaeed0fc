"""Measures the table's rows, each beside its alternative."""

import json
import statistics
import tempfile
from itertools import pairwise
from pathlib import Path

from tests.benchmarks import processes
from tests.benchmarks.alternatives import install_aws_cli, install_whole_packages, zip_size
from tests.benchmarks.scene import COUNTS, Scene, namespace
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
_GETS = """
import json, sys, time, urllib3
ca, token, *urls = sys.argv[1:]
pool = urllib3.PoolManager(ca_cert_data=ca)
headers = {"Authorization": "Bearer " + token, "Accept": "application/json"}
measured = []
for _ in range(RUNS + 2):
    for url in urls:
        response = pool.request("GET", url, headers=headers)
        assert response.status == 200 and response.data
    measured.append({"cpu": time.process_time(), "wall": time.perf_counter()})
print(json.dumps(measured))
""".replace("RUNS", str(_WARM_RUNS))

# A day of one target at the default tick of two minutes, which renews every six hours. AWS ends an environment "every
# few hours" even where it is invoked continuously (AWS Lambda Developer Guide, "Understanding the Lambda execution
# environment lifecycle"): taken as three. Each cold start is billed with its imports.
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
            "warm": lambda: min(_list_warm(scene.invoke(*[_IDLE] * (_WARM_RUNS + 2)), "cpu")),
            "gets": lambda: min(_list_warm(_get_by_urllib3(scene), "cpu")),
            "renewal": lambda: scene.invoke(_RENEWAL).cpu,
            "warm renewal": lambda: min(_list_warm(scene.invoke(*[_RENEWAL] * (_WARM_RUNS + 2)), "cpu")),
            "cron job": lambda: _run_cron_job(scene, aws),
        },
        rounds=_ROUNDS,
    )
    wall = statistics.median(_list_warm(scene.invoke(*[_IDLE] * (_WARM_RUNS + 2)), "wall"))
    cron_job = "a CronJob: aws ecr get-login-password, kubectl apply"
    return [
        _cpu("cold start and first idle run", cpu["cold"], "the asset's boto3 and a client", cpu["boto3"], 1.5),
        _cpu("the same", cpu["cold"], "boto3, CoreV1Api, Powertools of pip", cpu["whole"], 0.35),
        _cpu("a warm idle run", cpu["warm"], "its two GETs by urllib3, kept alive", cpu["gets"], 2.5),
        _cpu("a renewal, cold", cpu["renewal"], cron_job, cpu["cron job"], 0.6),
        _cpu("a renewal, warm", cpu["warm renewal"], cron_job, cpu["cron job"], 0.02),
        *memory,
        _reckon_a_day(cpu, waited=max(0.0, wall - cpu["warm"])),
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


def _list_warm(done: processes.Done, what: str) -> list[float]:
    """What each run took, without the first two."""
    values = [measured[what] for measured in processes.read_last_line(done)][-_WARM_RUNS - 1 :]
    return [after - before for before, after in pairwise(values)]


def _measure_memory(scene: Scene, count: int) -> Row:
    measured = processes.read_last_line(scene.invoke(({}, "created"), _IDLE, _RENEWAL, count=count))
    what = f"memory of a process, credentials: {count}"
    return Row(what=what, ours=max(one["mb"] for one in measured), unit="MB", budget=_BUDGETS_MB[count])


def _get_by_urllib3(scene: Scene) -> processes.Done:
    admin = scene.cluster.admin
    objects = f"{admin.endpoint}/api/v1/namespaces/{namespace(1)}"
    urls = f"{objects}/secrets/ecr-0", f"{objects}/configmaps/ecr-0"
    return scene.run_python(_GETS, admin.ca_pem, admin.token, *urls, packages=scene.assets[1])


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


def _reckon_a_day(cpu: dict[str, float], *, waited: float) -> Row:
    """See RECKONING."""
    seconds = (
        _RUNS * waited
        + (
            (_RUNS - _RENEWALS - _COLD_STARTS) * cpu["warm"]
            + _RENEWALS * cpu["warm renewal"]
            + _COLD_STARTS * cpu["cold"]
        )
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
