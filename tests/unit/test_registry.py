"""A registry's host is read exactly, or refused with a reason."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from argo_ecr_auth.core.registry import NotARegistryError, Registry, TokenApi, find_partition, parse_registry

ACCOUNT = "123456789012"
REGIONS_WITHOUT_DUAL_STACK = ["us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1", "eusc-de-east-1"]
VALID = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com"


@pytest.mark.parametrize(
    "host",
    [
        *("", "docker.io", "ecr.aws", "public.ecr.aws.", "public.ecr.aws/argo", "PUBLIC.ECR.AWS", "public.ecr.aws\n"),
        *("xpublic.ecr.aws", "api.ecr-public.us-east-1.amazonaws.com", "ecr-public.us-east-1.api.aws"),
        *("ecr-public.aws.com/argo", f"https://{VALID}", f"oci://{VALID}", f"{VALID}/charts", f"{VALID}/"),
        *(f"{VALID}:443", f"{VALID}.", f"{VALID}\n", f" {VALID}", f"AWS@{VALID}", VALID.upper()),
        *(VALID.removeprefix("1"), f"1{VALID}", VALID.replace(ACCOUNT, "\u0661" * 12)),  # digits, but not ASCII's
        *(VALID.replace("eu-west-1", region) for region in ("euwest1", "")),
        *(VALID.replace("dkr.ecr", form) for form in ("dkr.ecr-fip", "dkr-fips.ecr", "ecr", "dkrxecr")),
        *(VALID.removesuffix(".amazonaws.com"), VALID.replace(".", "x", 1), "api.ecr.eu-west-1.amazonaws.com"),
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


@pytest.mark.parametrize(
    "written",
    [f"https://{VALID}", f"oci://{VALID}/charts/app", f"{VALID}/", f"{VALID}:443", VALID.upper(), f" {VALID}\n"],
)
def test_the_host_that_was_probably_meant_is_named(written: str) -> None:
    with pytest.raises(NotARegistryError, match=f"; write {VALID}$"):
        parse_registry(written)


@pytest.mark.parametrize("region", REGIONS_WITHOUT_DUAL_STACK)
@pytest.mark.parametrize("suffix", ["on.aws", "on.amazonwebservices.eu"])
def test_a_dual_stack_host_is_refused_where_there_is_none(region: str, suffix: str) -> None:
    with pytest.raises(NotARegistryError, match=f"in {region} a registry has none"):
        parse_registry(f"{ACCOUNT}.dkr-ecr.{region}.{suffix}")


@pytest.mark.parametrize("host", ["ghcr.io", "https://ghcr.io/charts"])
def test_a_refusal_shows_what_a_host_looks_like_where_none_is_recognized(host: str) -> None:
    example = r"such as ACCOUNT\.dkr\.ecr\.REGION\.amazonaws\.com \(no scheme, no path\)$"
    with pytest.raises(NotARegistryError, match=f"^'{host}' .* {example}"):
        parse_registry(host)


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
def test_an_account_a_region_and_a_form_are_read_whatever_they_are(account: str, form: str, region: str) -> None:
    partition = find_partition(region)
    suffix = partition.dual_stack_suffix if form.startswith("dkr-") else partition.dns_suffix
    assume(suffix is not None)
    registry = parse_registry(f"{account}.{form}.{region}.{suffix}")
    api = TokenApi(service="ecr", region=region, fips="fips" in form, dual_stack=form.startswith("dkr-"))
    assert (registry.account, registry.region, registry.api) == (account, region, api)


@given(position=st.integers(0, len(VALID)), intruder=st.characters(exclude_categories=("Ll", "Nd", "Cs")))
def test_a_foreign_character_anywhere_is_refused(position: int, intruder: str) -> None:
    with pytest.raises(NotARegistryError):
        parse_registry(VALID[:position] + intruder + VALID[position:])


def test_a_region_of_no_known_prefix_is_of_the_public_partition() -> None:
    assert find_partition("xy-new-1").name == "aws"
