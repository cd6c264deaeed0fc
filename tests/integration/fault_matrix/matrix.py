"""Opens installations, and runs the cells of a scenario in them."""

import os
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.integration.fault_matrix.faults import list_faults
from tests.integration.fault_matrix.installation import Installation
from tests.integration.fault_matrix.promises import Outcome
from tests.integration.fault_matrix.proxy import Proxy
from tests.integration.fault_matrix.scenarios import Scenario, Service
from tests.integration.fault_matrix.site import Site, announce
from tests.local_cloud.environment import CLOSED_PROXY, REGION

_INSTALLATIONS = 8

Cells = dict[tuple[str, str], Outcome]
"""The outcomes by the names of their calls and faults, in the order of the page."""


@contextmanager
def open_installations(
    site: Site, *, credentials: Mapping[str, str], directory: Path
) -> Iterator[Sequence[Installation]]:
    """Installations whose proxies pass all requests on, and a configuration of AWS that leads to them."""
    bundle = directory / "ca.pem"
    bundle.write_text(site.ca_pem)
    with ExitStack() as opened:
        installations = [
            Installation(site=site, name=f"installation-{number}", proxies=_open_proxies(site, opened))
            for number in range(_INSTALLATIONS)
        ]
        profiles = [_make_profile(installation, credentials, ca_bundle=bundle) for installation in installations]
        default = f"[default]\nregion = {REGION}\nendpoint_url = {site.aws_url}\n"
        (directory / "config").write_text(default + "".join(profiles))
        yield installations


def use_configuration(directory: Path, environment: pytest.MonkeyPatch) -> None:
    """Let new sessions of AWS find what the directory's configuration names, and nothing else."""
    for variable in [variable for variable in os.environ if variable.startswith("AWS_")]:
        environment.delenv(variable)
    variables = {
        "AWS_CONFIG_FILE": str(directory / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        **dict.fromkeys(("HTTPS_PROXY", "https_proxy"), CLOSED_PROXY),
        **dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1"),
    }
    for variable, value in variables.items():
        environment.setenv(variable, value)


def run_cells(
    installations: Sequence[Installation], scenario: Scenario, *, only: Collection[tuple[str, str]] | None = None
) -> Cells:
    """Every call of the scenario with each fault, or `only` those of these names."""
    cells = [
        (call, fault)
        for call in scenario.calls
        for fault in list_faults(call.service)
        if only is None or (call.name, fault.name) in only
    ]
    waiting = deque(sorted(cells, key=lambda cell: "hangs" in cell[1].name))

    def run(number: int) -> list[Outcome]:
        # Half of the installations begin with the cells that hang: the others need the processor meanwhile.
        take = waiting.pop if number % 2 else waiting.popleft
        return [
            installations[number].run_cell(scenario, *cell) for cell in iter(lambda: take() if waiting else None, None)
        ]

    with ThreadPoolExecutor(len(installations)) as pool:
        outcomes = [outcome for done in pool.map(run, range(len(installations))) for outcome in done]
    found = {(outcome.call.name, outcome.fault.name): outcome for outcome in outcomes}
    return {(call.name, fault.name): found[call.name, fault.name] for call, fault in cells}


def _open_proxies(site: Site, opened: ExitStack) -> dict[Service, Proxy]:
    upstreams = site.make_upstreams()
    api_server = Proxy(upstreams.pop(Service.API_SERVER), authority=site.authority)
    upstreams[Service.EKS] = announce(upstreams[Service.EKS], endpoint=api_server.url, ca_pem=site.ca_pem)
    proxies = {service: Proxy(upstream, authority=site.authority) for service, upstream in upstreams.items()}
    proxies[Service.API_SERVER] = api_server
    for proxy in proxies.values():
        opened.enter_context(proxy)
    return proxies


def _make_profile(installation: Installation, credentials: Mapping[str, str], *, ca_bundle: Path) -> str:
    """The part of AWS's configuration file by which an installation's sessions find its proxies."""
    aws = (Service.STS, Service.EKS, Service.ECR)
    endpoints = "".join(f"{service.value} =\n  endpoint_url = {installation.proxies[service].url}\n" for service in aws)
    return f"""
[profile {installation.name}]
region = {REGION}
aws_access_key_id = {credentials["AccessKeyId"]}
aws_secret_access_key = {credentials["SecretAccessKey"]}
aws_session_token = {credentials["SessionToken"]}
ca_bundle = {ca_bundle}
services = {installation.name}

[services {installation.name}]
{endpoints}"""
