"""What doctor says of a cluster's endpoint and name, and of STS.

Not provoked here: a private endpoint in a network of its own, and what STS itself answers where a region is off (the
answer is made up).
"""

import base64

import pytest

from tests.cli.command_line import CommandLine, make_command_line
from tests.cli.doctor import get_only_finding, run_doctor
from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.servers.answers import refuse_as_sts
from tests.servers.server import Server, always

STS_OFF = always(refuse_as_sts("RegionDisabledException"))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("old-mode", ("authentication-mode", "authenticationMode=API_AND_CONFIG_MAP")),
        ("limited", ("limited-endpoint", "settings: vpc")),
        ("private", ("private-endpoint", "settings: vpc")),
    ],
)
def test_a_cluster_that_the_function_cannot_enter(
    name: str, told: tuple[str, str], stack: str, command_line: CommandLine, odd_clusters: None
) -> None:
    command_line.write_settings({"cluster": name})
    code, found = run_doctor(command_line)

    (remedy,) = (finding["remedy"] for finding in found if finding["finding"] == told[0])
    assert code == 1
    assert told[1] in remedy


def test_a_function_in_a_vpc_may_reach_such_an_endpoint(
    stack: str, command_line: CommandLine, odd_clusters: None
) -> None:
    command_line.write_settings({"cluster": "private"}, vpc={"id": "vpc-0123abcd", "subnets": ["subnet-0123abcd"]})

    assert "private-endpoint" not in [finding["finding"] for finding in run_doctor(command_line)[1]]


def test_a_wrong_cluster_name_is_shown_with_similar_ones(
    stack: str, command_line: CommandLine, cluster: Cluster
) -> None:
    command_line.write_settings({"cluster": "demos"})

    found = get_only_finding(command_line)

    assert found["finding"] == "no-such-cluster"
    assert "did you mean demo?" in found["remedy"]


def test_a_cluster_that_cannot_be_described_is_not_judged_by_its_entry(
    stack: str, command_line: CommandLine, cluster: Cluster
) -> None:
    fixed = {"endpoint": cluster.endpoint, "certificate_authority": base64.b64encode(cluster.ca_pem.encode()).decode()}
    command_line.write_settings({"cluster": "not-described", **fixed})

    code, found = run_doctor(command_line)

    assert (code, {finding["finding"] for finding in found}) == (3, {"not-checked"})


def test_a_region_where_sts_is_off(fresh: CommandLine) -> None:
    with Server(STS_OFF, tls=False) as sts:
        found = get_only_finding(fresh, AWS_ENDPOINT_URL_STS=sts.url)

    assert found["finding"] == "sts-region"
    assert "RegionDisabledException" in found["message"]
    assert "Account settings" in found["remedy"]


def test_a_right_that_is_missing_hides_nothing_else(fresh: CommandLine, local_cloud: LocalCloud) -> None:
    permissions = ["eks:DescribeCluster", "cloudformation:DescribeStacks"]
    describer = local_cloud.create_role("describer", allow=permissions)
    with Server(STS_OFF, tls=False) as sts:
        line = make_command_line(local_cloud, describer, directory=fresh.directory)
        _, found = run_doctor(line, AWS_ENDPOINT_URL_STS=sts.url)

    assert {"sts-region", "not-checked"} <= {finding["finding"] for finding in found}
