"""What it costs to deploy a fleet whose clusters' owners create the access, and to check all of it once."""

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks.table import print_table
from tests.fleet.fleet import make_fleet
from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.support.function import admit
from tests.support.installation import Installation

_CONCURRENCY = 4  # the emulator starts a process for each
_HEADERS = ("targets", "stacks", "resources", "template, KB", "synth", "deployment", "first check", "next check")


def measure_deployment(clusters: Sequence[Cluster], *, count: int, cloud: LocalCloud, directory: Path) -> None:
    fleet = make_fleet(clusters, count=count, prefix="deployed-")
    file = directory / "settings.json"
    file.write_text(json.dumps(fleet.settings))
    installation = Installation(
        cloud=cloud,
        cluster=clusters[0],
        output=directory / "cdk.out",
        context={"settings": str(file), "installation": "deployed", **cloud.cdk_context()},
    )
    cloud.bootstrap()
    synth = _measure(lambda: installation.cdk("synth", "--quiet"))
    templates = {path: path.read_text() for path in installation.output.glob("*.template.json")}
    for path, template in templates.items():  # the emulator would start a process for each schedule at once
        path.write_text(template.replace('"State": "ENABLED"', '"State": "DISABLED"'))
    deployment = _measure(installation.deploy)
    outputs = installation.outputs()
    for cluster in clusters:
        admit(cloud, cluster, outputs["FunctionRole"])
    groups = fleet.make_groups()
    checks = [
        _measure(partial(_check, groups, function=outputs["FunctionName"], action=action, cloud=cloud))
        for action in ("created", "fresh")
    ]
    resources = sum(len(json.loads(template)["Resources"]) for template in templates.values())
    size = f"{sum(map(len, templates.values())) / 1000:.0f}"
    seconds = [f"{second:.0f}" for second in (synth, deployment, *checks)]
    print_table(
        "a fleet whose clusters' owners create the access (seconds)",
        _HEADERS,
        [(f"{count:,}", str(len(templates)), str(resources), size, *seconds)],
    )


def _check(groups: Sequence[Sequence[str]], *, function: str, action: str, cloud: LocalCloud) -> None:
    """Run the deployed function for all groups, some at once."""
    client = cloud.client("lambda")

    def run(group: Sequence[str]) -> list[dict[str, Any]]:
        response = client.invoke(FunctionName=function, Payload=json.dumps({"targets": group}))
        answer = json.loads(response["Payload"].read())
        if "results" not in answer:
            raise RuntimeError(answer)
        return list(answer["results"])

    with ThreadPoolExecutor(max_workers=_CONCURRENCY) as pool:
        results = [result for found in pool.map(run, groups) for result in found]
    assert Counter(result["action"] for result in results) == {action: sum(map(len, groups))}, results[:3]


def _measure(work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started
