"""`python -m tests.benchmarks`: measures cold starts and runs: time, memory and processor time.

Single times of a shared machine say little. What a table compares was measured in turn.
"""

import compileall
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import argo_ecr_auth
from argo_ecr_auth.clients.eks_token import sign_bearer_token
from argo_ecr_auth.core.authorization_token import AuthorizationToken
from argo_ecr_auth.core.manifests import make_config_map_manifest, make_payload, make_secret_manifest
from argo_ecr_auth.core.observed import ObservedState
from argo_ecr_auth.core.renewal_plan import make_plan
from argo_ecr_auth.core.settings import load_settings
from argo_ecr_auth.core.targets import resolve_targets
from tests.benchmarks.memory import measure_memory

_ROUNDS = 9
_HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"


def main() -> None:
    _measure_cold_starts()
    _measure_pure_work()
    measure_memory()


def _measure_cold_starts() -> None:
    """The import of the handler and of its parts in new processes, without Python's own start."""
    with tempfile.TemporaryDirectory() as folder:
        asset = Path(folder)
        package = Path(argo_ecr_auth.__file__).parent
        shutil.copytree(package, asset / "argo_ecr_auth", ignore=shutil.ignore_patterns("__pycache__"))
        compileall.compile_dir(str(asset), quiet=2)
        medians = _measure_in_turn(
            {
                "an empty process": lambda: _run_python("pass", asset),
                "import boto3": lambda: _run_python("import boto3", asset),
                "import kubernetes' ApiClient": lambda: _run_python("import kubernetes.client.api_client", asset),
                "... and its typed CoreV1Api": lambda: _run_python("import kubernetes.client.api.core_v1_api", asset),
                "import Powertools": lambda: _run_python("from aws_lambda_powertools import Logger, Metrics", asset),
                "import msgspec": lambda: _run_python("import msgspec", asset),
                "import the handler": lambda: _run_python("import argo_ecr_auth.handler", asset),
            }
        )
    own = medians.pop("an empty process")
    print(f"cold start, over an empty process ({own * 1000:.0f} ms); the handler is 1.00")
    _print_ratios({name: median - own for name, median in medians.items()}, relative_to="import the handler")


def _measure_pure_work() -> None:
    now = datetime.now(UTC)
    written = {"targets": [{"cluster": f"cluster-{i}"} for i in range(1000)], "credentials": [{"registry": _HOST}]}
    text = json.dumps(written).encode()
    target = resolve_targets(load_settings(text), region="eu-west-1")[0]
    (credential,) = target.credentials
    token = AuthorizationToken(password="x" * 2000, expires_at=now + timedelta(hours=11))
    payload = make_payload(credential, {credential.registries[0]: token})
    observed = ObservedState(
        secret=make_secret_manifest(credential, payload), config_map=make_config_map_manifest(credential, payload)
    )
    from botocore.credentials import ReadOnlyCredentials  # noqa: PLC0415

    credentials = ReadOnlyCredentials("AKIA", "secret", "token")
    medians = _measure_in_turn(
        {
            "find that a credential is fresh": lambda: make_plan(
                observed, credential=credential, now=now, renew_before=timedelta(hours=6)
            ),
            "sign a bearer token": lambda: sign_bearer_token(
                credentials=credentials, cluster="demo", region="eu-west-1"
            ),
            "load and resolve 1,000 targets": lambda: resolve_targets(load_settings(text), region="eu-west-1"),
        },
        repeat=50,
    )
    one = medians["find that a credential is fresh"]
    print(f"work without a network; that a credential is fresh ({one * 1e6:.0f} µs) is 1.00")
    _print_ratios(medians, relative_to="find that a credential is fresh")


def _run_python(statement: str, folder: Path) -> None:
    environment = {"PATH": "/usr/bin:/bin", "AWS_REGION": "eu-west-1", "POWERTOOLS_METRICS_NAMESPACE": "x"}
    subprocess.run([sys.executable, "-c", statement], cwd=folder, env=environment, check=True)


def _measure_in_turn(works: dict[str, Callable[[], object]], *, repeat: int = 1) -> dict[str, float]:
    """The median seconds of each, measured A B C, A B C, ...; the first round is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for number in range(_ROUNDS + 1):
        for name, work in works.items():
            started = time.perf_counter()
            for _ in range(repeat):
                work()
            if number:
                seconds[name].append((time.perf_counter() - started) / repeat)
    return {name: statistics.median(times) for name, times in seconds.items()}


def _print_ratios(medians: dict[str, float], *, relative_to: str) -> None:
    names: Sequence[str] = sorted(medians, key=lambda name: medians[name])
    for name in names:
        print(f"  {medians[name] / medians[relative_to]:8.2f}  {name}")


if __name__ == "__main__":
    main()
