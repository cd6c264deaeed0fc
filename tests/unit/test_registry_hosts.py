"""Each partition's hosts: what a host names, whose API gives its tokens, and which STS is asked."""

import pytest

from argo_ecr_auth.aws.sessions import Sessions
from argo_ecr_auth.core.registry import parse_registry, sts_host

ACCOUNT = "123456789012"
# Region, partition, STS host; and the registries' hosts, each with the host of the API that gives its tokens, pinned as
# botocore knows it: another one after an update is worth a look. ECR Public is asked in us-east-1.
TABLE: list[tuple[str, str, str, dict[str, str]]] = [
    (
        "eu-west-1",
        "aws",
        "sts.eu-west-1.amazonaws.com",
        {
            f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com": "api.ecr.eu-west-1.amazonaws.com",
            f"{ACCOUNT}.dkr-ecr.eu-west-1.on.aws": "ecr.eu-west-1.api.aws",
        },
    ),
    (
        "us-east-1",
        "aws",
        "sts.us-east-1.amazonaws.com",
        {
            "public.ecr.aws": "api.ecr-public.us-east-1.amazonaws.com",
            "ecr-public.aws.com": "api.ecr-public.us-east-1.amazonaws.com",
            f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com": "api.ecr.us-east-1.amazonaws.com",
            f"{ACCOUNT}.dkr.ecr-fips.us-east-1.amazonaws.com": "ecr-fips.us-east-1.amazonaws.com",
            f"{ACCOUNT}.dkr-ecr.us-east-1.on.aws": "ecr.us-east-1.api.aws",
            f"{ACCOUNT}.dkr-ecr-fips.us-east-1.on.aws": "ecr-fips.us-east-1.api.aws",
        },
    ),
    (
        "us-west-2",
        "aws",
        "sts.us-west-2.amazonaws.com",
        {
            f"{ACCOUNT}.dkr.ecr.us-west-2.amazonaws.com": "api.ecr.us-west-2.amazonaws.com",
            f"{ACCOUNT}.dkr.ecr-fips.us-west-2.amazonaws.com": "ecr-fips.us-west-2.amazonaws.com",
        },
    ),
    (
        "ap-southeast-2",
        "aws",
        "sts.ap-southeast-2.amazonaws.com",
        {
            f"{ACCOUNT}.dkr.ecr.ap-southeast-2.amazonaws.com": "api.ecr.ap-southeast-2.amazonaws.com",
        },
    ),
    (
        "mx-central-1",
        "aws",
        "sts.mx-central-1.amazonaws.com",
        {
            f"{ACCOUNT}.dkr.ecr.mx-central-1.amazonaws.com": "api.ecr.mx-central-1.amazonaws.com",
        },
    ),
    (
        "il-central-1",
        "aws",
        "sts.il-central-1.amazonaws.com",
        {
            f"{ACCOUNT}.dkr.ecr.il-central-1.amazonaws.com": "api.ecr.il-central-1.amazonaws.com",
        },
    ),
    (
        "us-gov-east-1",
        "aws-us-gov",
        "sts.us-gov-east-1.amazonaws.com",
        {
            f"{ACCOUNT}.dkr.ecr-fips.us-gov-east-1.amazonaws.com": "ecr-fips.us-gov-east-1.amazonaws.com",
        },
    ),
    (
        "us-gov-west-1",
        "aws-us-gov",
        "sts.us-gov-west-1.amazonaws.com",
        {
            f"{ACCOUNT}.dkr.ecr.us-gov-west-1.amazonaws.com": "api.ecr.us-gov-west-1.amazonaws.com",
            f"{ACCOUNT}.dkr.ecr-fips.us-gov-west-1.amazonaws.com": "ecr-fips.us-gov-west-1.amazonaws.com",
            f"{ACCOUNT}.dkr-ecr.us-gov-west-1.on.aws": "ecr.us-gov-west-1.api.aws",
            f"{ACCOUNT}.dkr-ecr-fips.us-gov-west-1.on.aws": "ecr-fips.us-gov-west-1.api.aws",
        },
    ),
    (
        "cn-north-1",
        "aws-cn",
        "sts.cn-north-1.amazonaws.com.cn",
        {
            f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn": "api.ecr.cn-north-1.amazonaws.com.cn",
            f"{ACCOUNT}.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn": "ecr.cn-north-1.api.amazonwebservices.com.cn",
        },
    ),
    (
        "cn-northwest-1",
        "aws-cn",
        "sts.cn-northwest-1.amazonaws.com.cn",
        {
            f"{ACCOUNT}.dkr.ecr.cn-northwest-1.amazonaws.com.cn": "api.ecr.cn-northwest-1.amazonaws.com.cn",
        },
    ),
    (
        "us-iso-east-1",
        "aws-iso",
        "sts.us-iso-east-1.c2s.ic.gov",
        {
            f"{ACCOUNT}.dkr.ecr.us-iso-east-1.c2s.ic.gov": "api.ecr.us-iso-east-1.c2s.ic.gov",
        },
    ),
    (
        "us-iso-west-1",
        "aws-iso",
        "sts.us-iso-west-1.c2s.ic.gov",
        {
            f"{ACCOUNT}.dkr.ecr.us-iso-west-1.c2s.ic.gov": "api.ecr.us-iso-west-1.c2s.ic.gov",
        },
    ),
    (
        "us-isob-east-1",
        "aws-iso-b",
        "sts.us-isob-east-1.sc2s.sgov.gov",
        {
            f"{ACCOUNT}.dkr.ecr.us-isob-east-1.sc2s.sgov.gov": "api.ecr.us-isob-east-1.sc2s.sgov.gov",
        },
    ),
    (
        "eu-isoe-west-1",
        "aws-iso-e",
        "sts.eu-isoe-west-1.cloud.adc-e.uk",
        {
            f"{ACCOUNT}.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk": "api.ecr.eu-isoe-west-1.cloud.adc-e.uk",
        },
    ),
    (
        "us-isof-south-1",
        "aws-iso-f",
        "sts.us-isof-south-1.csp.hci.ic.gov",
        {
            f"{ACCOUNT}.dkr.ecr.us-isof-south-1.csp.hci.ic.gov": "api.ecr.us-isof-south-1.csp.hci.ic.gov",
        },
    ),
    (
        "eusc-de-east-1",
        "aws-eusc",
        "sts.eusc-de-east-1.amazonaws.eu",
        {
            f"{ACCOUNT}.dkr.ecr.eusc-de-east-1.amazonaws.eu": "api.ecr.eusc-de-east-1.amazonaws.eu",
        },
    ),
]
ROWS = [
    pytest.param(host, None if "public" in host else ACCOUNT, region, partition, api, sts, id=host)
    for region, partition, sts, hosts in TABLE
    for host, api in hosts.items()
]
SESSIONS = Sessions(region="eu-west-1")


@pytest.fixture
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this machine's environment and files say of endpoints does not count."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.parametrize(("host", "account", "region", "partition", "_api", "_sts"), ROWS)
def test_a_host_names_its_account_region_and_partition(
    host: str, account: str | None, region: str, partition: str, _api: str, _sts: str
) -> None:
    registry = parse_registry(host)
    read = registry.host, registry.account, registry.region, registry.partition.name
    assert read == (host, account, region, partition)


@pytest.mark.usefixtures("_offline")
@pytest.mark.parametrize(("host", "_account", "_region", "_partition", "api", "_sts"), ROWS)
def test_a_hosts_tokens_are_asked_of_its_own_api(
    host: str, _account: str | None, _region: str, _partition: str, api: str, _sts: str
) -> None:
    asked = parse_registry(host).api
    client = SESSIONS.client(asked.service, region=asked.region, fips=asked.fips, dual_stack=asked.dual_stack)
    assert client.meta.endpoint_url == f"https://{api}"


@pytest.mark.parametrize(("host", "_account", "_region", "_partition", "_api", "sts"), ROWS)
def test_the_sts_host_is_the_regional_one_of_the_partition(
    host: str, _account: str | None, _region: str, _partition: str, _api: str, sts: str
) -> None:
    assert sts_host(parse_registry(host).region) == sts
