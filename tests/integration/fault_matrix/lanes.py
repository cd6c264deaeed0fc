"""Opens lanes, and runs the cells of a kind of run in them."""

import os
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.integration.fault_matrix import upstreams
from tests.integration.fault_matrix.kinds import Kind
from tests.integration.fault_matrix.lane import Lane
from tests.integration.fault_matrix.outcome import Outcome
from tests.integration.fault_matrix.proxy import Proxy, Upstream
from tests.integration.fault_matrix.services import Service
from tests.integration.fault_matrix.site import Site
from tests.integration.fault_matrix.ways import make_ways
from tests.local_cloud.environment import CLOSED_PROXY, REGION

_LANES = 8
_AWS = (Service.STS, Service.EKS, Service.ECR)

Cells = dict[tuple[str, str], Outcome]
"""The outcomes by the names of their requests and ways, in the order of the page."""

RunMatrix = Callable[[Kind], Cells]
"""Runs all cells of a kind of run."""


@contextmanager
def open_lanes(site: Site, *, credentials: Mapping[str, str], directory: Path) -> Iterator[list[Lane]]:
    """Lanes whose proxies pass all requests on, and a configuration of AWS in the directory that leads to them."""
    with ExitStack() as opened:
        proxies = {f"lane-{i}": _open_proxies(site, opened) for i in range(_LANES)}
        bundle = directory / "ca.pem"
        bundle.write_text(site.ca_pem)
        profiles = [
            _make_profile(name, each, credentials=credentials, ca_bundle=bundle) for name, each in proxies.items()
        ]
        default = f"[default]\nregion = {REGION}\nendpoint_url = {site.aws_url}\n"
        (directory / "config").write_text(default + "".join(profiles))
        yield [Lane(site=site, name=name, proxies=each) for name, each in proxies.items()]


def use_configuration(directory: Path, environment: pytest.MonkeyPatch) -> None:
    """Let new sessions of AWS find what the directory's configuration names, and nothing else."""
    for variable in [variable for variable in os.environ if variable.startswith("AWS_")]:
        environment.delenv(variable)
    given = {
        "AWS_CONFIG_FILE": str(directory / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        **dict.fromkeys(("HTTPS_PROXY", "https_proxy"), CLOSED_PROXY),
        **dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1"),
    }
    for variable, value in given.items():
        environment.setenv(variable, value)


def run_cells(lanes: list[Lane], kind: Kind, *, only: Collection[tuple[str, str]] | None = None) -> Cells:
    """Every request of this kind of run with each way, or `only` those of these names."""
    cells = [
        (request, way)
        for request in kind.requests
        for way in make_ways(request.service).values()
        if only is None or (request.name, way.name) in only
    ]
    waiting = deque(sorted(cells, key=lambda cell: "hangs" in cell[1].name))

    def run(number: int) -> list[Outcome]:
        # Half of the lanes begin with the cells that hang: the others need the processor meanwhile.
        take = waiting.pop if number % 2 else waiting.popleft
        return [lanes[number].run_cell(kind, *cell) for cell in iter(lambda: take() if waiting else None, None)]

    with ThreadPoolExecutor(len(lanes)) as pool:
        outcomes = [outcome for done in pool.map(run, range(len(lanes))) for outcome in done]
    found = {(outcome.request.name, outcome.way.name): outcome for outcome in outcomes}
    return {(request.name, way.name): found[request.name, way.name] for request, way in cells}


def _open_proxies(site: Site, opened: ExitStack) -> dict[Service, Proxy]:
    def open_proxy(upstream: Upstream) -> Proxy:
        return opened.enter_context(Proxy(upstream, authority=site.authority))

    aws = upstreams.pass_on_to_aws(site.aws_url)
    api_server = open_proxy(upstreams.pass_on_to_api_server(site.admin))
    return {
        Service.STS: open_proxy(aws),
        Service.EKS: open_proxy(upstreams.announce(aws, endpoint=api_server.url, ca_pem=site.ca_pem)),
        Service.API_SERVER: api_server,
        Service.ECR: open_proxy(aws),
        Service.REGISTRY: open_proxy(upstreams.pass_on_to_registry(site.ecr)),
    }


def _make_profile(
    name: str, proxies: Mapping[Service, Proxy], *, credentials: Mapping[str, str], ca_bundle: Path
) -> str:
    """The part of AWS's configuration file by which a lane's sessions find its proxies."""
    endpoints = "".join(f"{service.value} =\n  endpoint_url = {proxies[service].url}\n" for service in _AWS)
    return f"""
[profile {name}]
region = {REGION}
aws_access_key_id = {credentials["AccessKeyId"]}
aws_secret_access_key = {credentials["SecretAccessKey"]}
aws_session_token = {credentials["SessionToken"]}
ca_bundle = {ca_bundle}
services = {name}

[services {name}]
{endpoints}"""
