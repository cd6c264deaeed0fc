"""Each partition's hosts: what a host names, whose API gives its tokens, and which STS is asked."""

from typing import NamedTuple

import pytest

from argo_ecr_auth.aws.sessions import Sessions
from argo_ecr_auth.core.registry import parse_registry, sts_host
from tests.unit.aws_clients import isolated_environment

ACCOUNT = "123456789012"
# Each partition's DNS suffix and regions.
PARTITIONS = {
    "aws": (
        "amazonaws.com",
        ("eu-west-1", "us-east-1", "us-west-2", "ap-southeast-2", "mx-central-1", "il-central-1"),
    ),
    "aws-us-gov": ("amazonaws.com", ("us-gov-east-1", "us-gov-west-1")),
    "aws-cn": ("amazonaws.com.cn", ("cn-north-1", "cn-northwest-1")),
    "aws-iso": ("c2s.ic.gov", ("us-iso-east-1", "us-iso-west-1")),
    "aws-iso-b": ("sc2s.sgov.gov", ("us-isob-east-1",)),
    "aws-iso-e": ("cloud.adc-e.uk", ("eu-isoe-west-1",)),
    "aws-iso-f": ("csp.hci.ic.gov", ("us-isof-south-1",)),
    "aws-eusc": ("amazonaws.eu", ("eusc-de-east-1",)),
}
# A registry's host, after its account, and the host of the API that gives its tokens, pinned as botocore knows it:
# a different one after an update is worth a look. ECR Public is asked in us-east-1.
APIS = {
    "dkr.ecr.eu-west-1.amazonaws.com": "api.ecr.eu-west-1.amazonaws.com",
    "dkr-ecr.eu-west-1.on.aws": "ecr.eu-west-1.api.aws",
    "public.ecr.aws": "api.ecr-public.us-east-1.amazonaws.com",
    "ecr-public.aws.com": "api.ecr-public.us-east-1.amazonaws.com",
    "dkr.ecr.us-east-1.amazonaws.com": "api.ecr.us-east-1.amazonaws.com",
    "dkr.ecr-fips.us-east-1.amazonaws.com": "ecr-fips.us-east-1.amazonaws.com",
    "dkr-ecr.us-east-1.on.aws": "ecr.us-east-1.api.aws",
    "dkr-ecr-fips.us-east-1.on.aws": "ecr-fips.us-east-1.api.aws",
    "dkr.ecr.us-west-2.amazonaws.com": "api.ecr.us-west-2.amazonaws.com",
    "dkr.ecr-fips.us-west-2.amazonaws.com": "ecr-fips.us-west-2.amazonaws.com",
    "dkr.ecr.ap-southeast-2.amazonaws.com": "api.ecr.ap-southeast-2.amazonaws.com",
    "dkr.ecr.mx-central-1.amazonaws.com": "api.ecr.mx-central-1.amazonaws.com",
    "dkr.ecr.il-central-1.amazonaws.com": "api.ecr.il-central-1.amazonaws.com",
    "dkr.ecr-fips.us-gov-east-1.amazonaws.com": "ecr-fips.us-gov-east-1.amazonaws.com",
    "dkr.ecr.us-gov-west-1.amazonaws.com": "api.ecr.us-gov-west-1.amazonaws.com",
    "dkr.ecr-fips.us-gov-west-1.amazonaws.com": "ecr-fips.us-gov-west-1.amazonaws.com",
    "dkr-ecr.us-gov-west-1.on.aws": "ecr.us-gov-west-1.api.aws",
    "dkr-ecr-fips.us-gov-west-1.on.aws": "ecr-fips.us-gov-west-1.api.aws",
    "dkr.ecr.cn-north-1.amazonaws.com.cn": "api.ecr.cn-north-1.amazonaws.com.cn",
    "dkr-ecr.cn-north-1.on.amazonwebservices.com.cn": "ecr.cn-north-1.api.amazonwebservices.com.cn",
    "dkr.ecr.cn-northwest-1.amazonaws.com.cn": "api.ecr.cn-northwest-1.amazonaws.com.cn",
    "dkr.ecr.us-iso-east-1.c2s.ic.gov": "api.ecr.us-iso-east-1.c2s.ic.gov",
    "dkr.ecr.us-iso-west-1.c2s.ic.gov": "api.ecr.us-iso-west-1.c2s.ic.gov",
    "dkr.ecr.us-isob-east-1.sc2s.sgov.gov": "api.ecr.us-isob-east-1.sc2s.sgov.gov",
    "dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk": "api.ecr.eu-isoe-west-1.cloud.adc-e.uk",
    "dkr.ecr.us-isof-south-1.csp.hci.ic.gov": "api.ecr.us-isof-south-1.csp.hci.ic.gov",
    "dkr.ecr.eusc-de-east-1.amazonaws.eu": "api.ecr.eusc-de-east-1.amazonaws.eu",
}


class Row(NamedTuple):
    host: str
    account: str | None
    region: str
    partition: str
    api: str
    sts: str


ROWS = [
    Row(
        host if "public" in host else f"{ACCOUNT}.{host}",
        None if "public" in host else ACCOUNT,
        region,
        partition,
        api,
        f"sts.{region}.{suffix}",
    )
    for partition, (suffix, regions) in PARTITIONS.items()
    for region in regions
    for host, api in APIS.items()
    if f".{region}." in api
]
assert len(ROWS) == len(APIS)
EACH_HOST = pytest.mark.parametrize("row", ROWS, ids=[row.host for row in ROWS])
SESSIONS = Sessions(region="eu-west-1")


@EACH_HOST
def test_a_host_names_its_account_region_and_partition_with_its_regional_sts(row: Row) -> None:
    registry = parse_registry(row.host)
    read = registry.host, registry.account, registry.region, registry.partition.name, sts_host(registry.region)
    assert read == (row.host, row.account, row.region, row.partition, row.sts)


@EACH_HOST
def test_a_hosts_tokens_are_asked_of_its_own_api(row: Row) -> None:
    asked = parse_registry(row.host).api
    with isolated_environment():
        client = SESSIONS.client(asked.service, region=asked.region, fips=asked.fips, dual_stack=asked.dual_stack)
    assert client.meta.endpoint_url == f"https://{row.api}"
