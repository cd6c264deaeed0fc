"""Measures memory and processor time of runs: the real asset in a process of its own, at a local cloud.

AWS adds Lambda's runtime client, and a TLS context (about 1 MB) for each AWS service and registry.
"""

import json
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from argo_ecr_auth.core.targets import resolve_targets
from argo_ecr_auth_cdk.function.asset import assemble, find_synth_runtime
from argo_ecr_auth_deployment.function_settings import encode_function_settings
from argo_ecr_auth_deployment.validation import read_settings
from tests.local_cloud.cloud import LocalCloud
from tests.local_cloud.environment import CLOSED_PROXY, REGION
from tests.support.function import REGISTRY, RIGHTS, admit, grant, make_settings

_CREDENTIALS = (1, 100)
_BUDGETS_MB = {1: 70, 100: 80}
_MEMORY_SIZES_MB = (128, 192, 256, 512)
_MB_OF_ONE_PROCESSOR = 1769
"""Lambda gives a function processor time in proportion to its memory, a whole processor at this size."""

# Not by getrusage: its maximum includes the process that started this one.
_PROCESS = """
import json, os, re, sys, time
sys.path.insert(0, os.getcwd())

def measure():
    return float(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024, time.process_time()

class Context:
    function_name = memory_limit_in_mb = invoked_function_arn = aws_request_id = "x"
    def get_remaining_time_in_millis(self):
        return 60_000

measured = [measure()]
from argo_ecr_auth.handler import handler
measured.append(measure())
for action in ("created", "fresh"):
    results = handler({}, Context())["results"]
    assert {result["action"] for result in results} == {action}, results
    measured.append(measure())
print(json.dumps(measured))
"""


def measure_memory() -> None:
    if not Path("/proc/self/status").exists():
        print("memory of a run: not measured, this needs Linux")
        return
    with tempfile.TemporaryDirectory() as folder, LocalCloud(Path(folder) / "cloud") as cloud:
        role = cloud.create_role("function", allow=RIGHTS)
        cluster = cloud.create_cluster("demo", namespaces=[f"team-{count}" for count in _CREDENTIALS])
        admit(cloud, cluster, role)
        runs = {}
        for count in _CREDENTIALS:
            credentials = [{"registry": REGISTRY, "secret_name": f"ecr-{number}"} for number in range(count)]
            target = {"cluster": "demo", "namespace": f"team-{count}", "credentials": credentials}
            grant(cluster.admin, *resolve_targets(make_settings(target), region=REGION))
            runs[count] = _run({"targets": [target]}, cloud=cloud, role=role, asset=Path(folder) / f"asset-{count}")
    _report(runs)
    over = [count for count, measured in runs.items() if max(mb for mb, _ in measured) > _BUDGETS_MB[count]]
    if over:
        sys.exit(f"over the budget of memory with so many credentials: {over}")


def _run(written: object, *, cloud: LocalCloud, role: str, asset: Path) -> list[tuple[float, float]]:
    """The peak memory in MB and the processor seconds so far: at the start, after the imports, and after each run."""
    asset.mkdir()
    architecture = "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"
    assemble(
        asset,
        settings=encode_function_settings(read_settings(written)),
        runtime=find_synth_runtime(),
        architecture=architecture,
    )
    assumed = cloud.assume(role)
    environment = cloud.settings() | {
        "AWS_ACCESS_KEY_ID": assumed["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": assumed["SecretAccessKey"],
        "AWS_SESSION_TOKEN": assumed["SessionToken"],
        "AWS_LAMBDA_FUNCTION_NAME": "x",
        "HTTPS_PROXY": CLOSED_PROXY,
        "NO_PROXY": "127.0.0.1",
        "POWERTOOLS_METRICS_NAMESPACE": "ArgoEcrAuth",
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }
    # Not the Python of .venv: Lambda has no packages but those of the asset.
    command = [getattr(sys, "_base_executable", sys.executable), "-I", "-S", "-c", _PROCESS]
    done = subprocess.run(command, cwd=asset, env=environment, check=True, capture_output=True, text=True)
    measured: list[tuple[float, float]] = json.loads(done.stdout.splitlines()[-1])
    return measured


def _report(runs: dict[int, list[tuple[float, float]]]) -> None:
    print("the most memory in MB: of the imports, a first run, a second run")
    for count, (_, *peaks) in runs.items():
        print(" ", *(f"{mb:5.0f}" for mb, _ in peaks), f" credentials: {count} (budget {_BUDGETS_MB[count]} MB)")
    sizes = " ".join(f"{size:6}" for size in _MEMORY_SIZES_MB)
    print(f"seconds of a processor, and the seconds that they take at {sizes} MB")
    for count, measured in runs.items():
        seconds = [seconds for _, seconds in measured]
        for name, before, after in zip(
            ("the imports", "a first run", "a second run"), seconds, seconds[1:], strict=False
        ):
            used = after - before
            taken = " ".join(f"{used * _MB_OF_ONE_PROCESSOR / size:6.2f}" for size in _MEMORY_SIZES_MB)
            print(f"  {used:5.3f} {taken}  {name}, credentials: {count}")
