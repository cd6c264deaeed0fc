"""A registry's host is read exactly, or refused with a reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo_ecr_auth.registry import NotARegistryError, parse_registry, partition_of, sts_host

PARTITIONS = [
    # region, partition, suffix of the plain and FIPS hosts, suffix of the dual-stack ones
    ("eu-west-1", "aws", "amazonaws.com", "on.aws"),
    ("ap-southeast-2", "aws", "amazonaws.com", "on.aws"),
    ("mx-central-1", "aws", "amazonaws.com", "on.aws"),
    ("cn-north-1", "aws-cn", "amazonaws.com.cn", "on.amazonwebservices.com.cn"),
    ("cn-northwest-1", "aws-cn", "amazonaws.com.cn", "on.amazonwebservices.com.cn"),
    ("us-gov-west-1", "aws-us-gov", "amazonaws.com", "on.aws"),
    ("us-iso-east-1", "aws-iso", "c2s.ic.gov", "on.aws.ic.gov"),
    ("us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov", "on.aws.scloud"),
    ("eu-isoe-west-1", "aws-iso-e", "cloud.adc-e.uk", "on.cloud-aws.adc-e.uk"),
    ("us-isof-south-1", "aws-iso-f", "csp.hci.ic.gov", "on.aws.hci.ic.gov"),
    ("eusc-de-east-1", "aws-eusc", "amazonaws.eu", "on.amazonwebservices.eu"),
]
HOSTS = [
    (f"123456789012.{form}.{region}.{suffix}", region, partition)
    for region, partition, plain, dual_stack in PARTITIONS
    for form, suffix in (
        ("dkr.ecr", plain),
        ("dkr.ecr-fips", plain),
        ("dkr-ecr", dual_stack),
        ("dkr-ecr-fips", dual_stack),
    )
]
VALID = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"


@pytest.mark.parametrize(("host", "region", "partition"), HOSTS)
def test_each_form_of_host_in_each_partition_is_read(host: str, region: str, partition: str) -> None:
    registry = parse_registry(host)
    assert (registry.host, registry.account, registry.region, registry.partition.name) == (
        host,
        "123456789012",
        region,
        partition,
    )


def test_leading_zeros_of_an_account_stay() -> None:
    assert parse_registry("000000000012.dkr.ecr.eu-west-1.amazonaws.com").account == "000000000012"


@pytest.mark.parametrize(
    "host",
    [
        "",
        "public.ecr.aws",
        "docker.io",
        f"https://{VALID}",
        f"oci://{VALID}",
        f"{VALID}/charts",
        f"{VALID}/",
        f"{VALID}:443",
        f"{VALID}.",
        f"{VALID}\n",
        f" {VALID}",
        VALID.upper(),
        "12345678901.dkr.ecr.eu-west-1.amazonaws.com",
        "1234567890123.dkr.ecr.eu-west-1.amazonaws.com",
        "\u0661" * 12 + ".dkr.ecr.eu-west-1.amazonaws.com",  # digits, but not ASCII's
        "123456789012.dkr.ecr.euwest1.amazonaws.com",
        "123456789012.dkr.ecr..amazonaws.com",
        "123456789012.dkr.ecr.eu-west-1",
        "123456789012.ecr.eu-west-1.amazonaws.com",
        "api.ecr.eu-west-1.amazonaws.com",
        "123456789012xdkr.ecr.eu-west-1.amazonaws.com",
    ],
)
def test_what_is_not_exactly_a_host_is_refused(host: str) -> None:
    with pytest.raises(NotARegistryError):
        parse_registry(host)


@pytest.mark.parametrize(
    ("host", "suffix"),
    [
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com.cn", "amazonaws.com"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com", "amazonaws.com.cn"),
        ("123456789012.dkr-ecr.eu-west-1.amazonaws.com", "on.aws"),
        ("123456789012.dkr.ecr.eu-west-1.on.aws", "amazonaws.com"),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.example", "amazonaws.com"),
        ("123456789012.dkr.ecr.us-isob-east-1.c2s.ic.gov", "sc2s.sgov.gov"),
    ],
)
def test_a_suffix_of_another_place_is_refused_with_the_right_one(host: str, suffix: str) -> None:
    with pytest.raises(NotARegistryError, match=f"a registry ends in '{suffix}'"):
        parse_registry(host)


def test_a_refusal_shows_what_a_host_looks_like() -> None:
    with pytest.raises(NotARegistryError, match=r"'ghcr\.io' .* such as ACCOUNT\.dkr\.ecr\.REGION\.amazonaws\.com"):
        parse_registry("ghcr.io")


@given(st.text() | st.from_regex(r"[0-9]{12}\.dkr[.-]ecr(-fips)?\.[a-z-]+[0-9]?\.[a-z.]*"))
def test_any_text_is_read_as_it_is_or_refused(text: str) -> None:
    try:
        host = parse_registry(text).host
    except NotARegistryError:
        return
    assert host == text


@given(position=st.integers(0, len(VALID)), intruder=st.characters(exclude_categories=("Ll", "Nd", "Cs")))
def test_a_foreign_character_anywhere_is_refused(position: int, intruder: str) -> None:
    with pytest.raises(NotARegistryError):
        parse_registry(VALID[:position] + intruder + VALID[position:])


@pytest.mark.parametrize(("region", "partition", "suffix", "_dual_stack"), PARTITIONS)
def test_the_sts_host_is_the_regional_one_of_the_partition(
    region: str, partition: str, suffix: str, _dual_stack: str
) -> None:
    assert sts_host(region) == f"sts.{region}.{suffix}"


def test_a_region_of_no_known_prefix_is_of_the_public_partition() -> None:
    assert partition_of("xy-new-1").name == "aws"
