"""A registry's host is read exactly, or refused with a reason."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from argo_ecr_auth.clients.sessions import Sessions
from argo_ecr_auth.core.registry import NotARegistryError, Registry, TokenApi, find_partition, parse_registry, sts_host

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
# Region, suffix of the plain and FIPS hosts, suffix of the dual-stack ones.
SUFFIXES = [
    ("eu-west-1", "amazonaws.com", "on.aws"),
    ("cn-north-1", "amazonaws.com.cn", "on.amazonwebservices.com.cn"),
    ("us-gov-west-1", "amazonaws.com", "on.aws"),
    ("us-iso-east-1", "c2s.ic.gov", None),
    ("us-isob-east-1", "sc2s.sgov.gov", None),
    ("eu-isoe-west-1", "cloud.adc-e.uk", None),
    ("us-isof-south-1", "csp.hci.ic.gov", None),
    ("eusc-de-east-1", "amazonaws.eu", None),
]
FORMS = [
    (f"{ACCOUNT}.{form}.{region}.{suffix}", TokenApi(service="ecr", region=region, fips=fips, dual_stack=dual_stack))
    for region, plain_suffix, dual_stack_suffix in SUFFIXES
    for form, suffix, fips, dual_stack in (
        ("dkr.ecr", plain_suffix, False, False),
        ("dkr.ecr-fips", plain_suffix, True, False),
        ("dkr-ecr", dual_stack_suffix, False, True),
        ("dkr-ecr-fips", dual_stack_suffix, True, True),
    )
    if suffix is not None
]
VALID = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com"
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


@pytest.mark.parametrize(("host", "api"), FORMS)
def test_each_form_of_host_in_each_partition_is_read(host: str, api: TokenApi) -> None:
    assert parse_registry(host).api == api


@pytest.mark.parametrize(("host", "public"), [("public.ecr.aws", True), ("ecr-public.aws.com", True), (VALID, False)])
def test_ecr_public_alone_is_public(host: str, public: bool) -> None:
    assert parse_registry(host).public == public


def test_registries_of_a_region_have_one_api_whatever_their_account() -> None:
    others = parse_registry(VALID.replace(ACCOUNT, "210987654321"))
    assert others.api == parse_registry(VALID).api


def test_leading_zeros_of_an_account_stay() -> None:
    assert parse_registry("000000000012.dkr.ecr.eu-west-1.amazonaws.com").account == "000000000012"


@pytest.mark.parametrize(
    "host",
    [
        "",
        "docker.io",
        "ecr.aws",
        "public.ecr.aws.",
        "public.ecr.aws/argo",
        "PUBLIC.ECR.AWS",
        "public.ecr.aws\n",
        "xpublic.ecr.aws",
        "api.ecr-public.us-east-1.amazonaws.com",
        "ecr-public.us-east-1.api.aws",
        "ecr-public.aws.com/argo",
        f"https://{VALID}",
        f"oci://{VALID}",
        f"{VALID}/charts",
        f"{VALID}/",
        f"{VALID}:443",
        f"{VALID}.",
        f"{VALID}\n",
        f" {VALID}",
        f"AWS@{VALID}",
        VALID.upper(),
        "12345678901.dkr.ecr.eu-west-1.amazonaws.com",
        "1234567890123.dkr.ecr.eu-west-1.amazonaws.com",
        "\u0661" * 12 + ".dkr.ecr.eu-west-1.amazonaws.com",  # digits, but not ASCII's
        "123456789012.dkr.ecr.euwest1.amazonaws.com",
        "123456789012.dkr.ecr..amazonaws.com",
        "123456789012.dkr.ecr.eu-west-1",
        "123456789012.dkr.ecr-fip.eu-west-1.amazonaws.com",
        "123456789012.dkr-fips.ecr.eu-west-1.amazonaws.com",
        "123456789012.ecr.eu-west-1.amazonaws.com",
        "api.ecr.eu-west-1.amazonaws.com",
        "123456789012xdkr.ecr.eu-west-1.amazonaws.com",
        "123456789012.dkrxecr.eu-west-1.amazonaws.com",
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
        ("123456789012.dkr.ecr.eusc-de-east-1.amazonaws.com", "amazonaws.eu"),
        ("123456789012.dkr-ecr.eu-west-1.amazonaws.com", "on.aws"),
        ("123456789012.dkr-ecr-fips.us-east-1.amazonaws.com", "on.aws"),
        ("123456789012.dkr.ecr.eu-west-1.on.aws", "amazonaws.com"),
        ("123456789012.dkr-ecr.cn-north-1.on.aws", "on.amazonwebservices.com.cn"),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.example", "amazonaws.com"),
        ("123456789012.dkr.ecr.us-isob-east-1.c2s.ic.gov", "sc2s.sgov.gov"),
    ],
)
def test_a_suffix_of_another_place_is_refused_with_the_right_one(host: str, suffix: str) -> None:
    with pytest.raises(NotARegistryError, match=f"a registry ends in '{suffix}'"):
        parse_registry(host)


@pytest.mark.parametrize("region", [region for region, _, dual_stack_suffix in SUFFIXES if dual_stack_suffix is None])
@pytest.mark.parametrize("suffix", ["on.aws", "on.amazonwebservices.eu"])
def test_a_dual_stack_host_is_refused_where_there_is_none(region: str, suffix: str) -> None:
    with pytest.raises(NotARegistryError, match=f"in {region} a registry has none"):
        parse_registry(f"{ACCOUNT}.dkr-ecr.{region}.{suffix}")


def test_a_refusal_shows_what_a_host_looks_like() -> None:
    with pytest.raises(NotARegistryError, match=r"'ghcr\.io' .* such as ACCOUNT\.dkr\.ecr\.REGION\.amazonaws\.com"):
        parse_registry("ghcr.io")


def _read(text: str) -> Registry | None:
    try:
        return parse_registry(text)
    except NotARegistryError:
        return None


@given(st.text() | st.from_regex(r"[0-9]{12}\.dkr[.-]ecr(-fips)?\.[a-z-]+[0-9]?\.[a-z.]*"))
def test_any_text_is_read_as_it_is_or_refused(text: str) -> None:
    registry = _read(text)
    assert registry is None or registry.host == text


@given(
    account=st.from_regex(r"[0-9]{12}", fullmatch=True),
    form=st.sampled_from(["dkr.ecr", "dkr.ecr-fips", "dkr-ecr", "dkr-ecr-fips"]),
    region=st.from_regex(r"[a-z]{2,4}(-[a-z]{1,9}){1,2}-[0-9]{1,2}", fullmatch=True),
)
def test_an_account_and_a_region_are_read_whatever_they_are(account: str, form: str, region: str) -> None:
    partition = find_partition(region)
    suffix = partition.dual_stack_suffix if form.startswith("dkr-") else partition.dns_suffix
    assume(suffix is not None)
    registry = parse_registry(f"{account}.{form}.{region}.{suffix}")
    assert (registry.account, registry.region, registry.api.region) == (account, region, region)


@given(position=st.integers(0, len(VALID)), intruder=st.characters(exclude_categories=("Ll", "Nd", "Cs")))
def test_a_foreign_character_anywhere_is_refused(position: int, intruder: str) -> None:
    with pytest.raises(NotARegistryError):
        parse_registry(VALID[:position] + intruder + VALID[position:])


def test_a_region_of_no_known_prefix_is_of_the_public_partition() -> None:
    assert find_partition("xy-new-1").name == "aws"
