"""What an ECR registry's host tells: account, region, partition, and which API gives its tokens.

The forms of the host are those of "Amazon ECR endpoints and quotas" (AWS General Reference): the plain one, FIPS, and
dual-stack (`dkr-ecr`, under `on.aws`); and ECR Public's two. The API's own host is botocore's to know: `fips` and
`dual_stack` are what its client is to be configured with.
"""

import re
from dataclasses import dataclass

PUBLIC_HOSTS = ("public.ecr.aws", "ecr-public.aws.com")
"""The second is dual-stack (Amazon ECR Public User Guide, Making requests to Amazon ECR Public registries)."""


class NotARegistryError(ValueError):
    """The text is not the host of an ECR registry; the message says what is wrong with it."""


@dataclass(frozen=True, kw_only=True)
class Partition:
    """A separate part of AWS: credentials of one are worth nothing in another."""

    name: str
    dns_suffix: str
    dual_stack_suffix: str | None = None  # of a registry's host; None where there is none


@dataclass(frozen=True, kw_only=True)
class TokenApi:
    """The API that gives authorization tokens for every registry of a region: a boto3 service and its configuration."""

    service: str
    region: str
    fips: bool = False
    dual_stack: bool = False


@dataclass(frozen=True, kw_only=True)
class Registry:
    """An ECR registry, as its host names it; `account` is None for ECR Public, which belongs to none."""

    host: str
    account: str | None
    region: str
    partition: Partition
    api: TokenApi

    @property
    def public(self) -> bool:
        return self.account is None


_AWS = Partition(name="aws", dns_suffix="amazonaws.com", dual_stack_suffix="on.aws")
# Names and suffixes are those of botocore's partitions.json, the dual-stack ones those that the image credential
# provider of EKS's nodes knows (awslabs/amazon-eks-ami, nodeadm). A region is of the partition whose prefix it carries,
# of `aws` without one.
_PARTITIONS_BY_REGION_PREFIX = {
    "cn-": Partition(name="aws-cn", dns_suffix="amazonaws.com.cn", dual_stack_suffix="on.amazonwebservices.com.cn"),
    "us-gov-": Partition(name="aws-us-gov", dns_suffix="amazonaws.com", dual_stack_suffix="on.aws"),
    "us-iso-": Partition(name="aws-iso", dns_suffix="c2s.ic.gov"),
    "us-isob-": Partition(name="aws-iso-b", dns_suffix="sc2s.sgov.gov"),
    "eu-isoe-": Partition(name="aws-iso-e", dns_suffix="cloud.adc-e.uk"),
    "us-isof-": Partition(name="aws-iso-f", dns_suffix="csp.hci.ic.gov"),
    "eusc-": Partition(name="aws-eusc", dns_suffix="amazonaws.eu"),
}

_REGION = r"[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2}"
_HOST = re.compile(
    rf"(?P<account>[0-9]{{12}})\.dkr(?P<join>[.-])ecr(?P<fips>-fips)?\.(?P<region>{_REGION})\.(?P<suffix>.+)"
)
_EXAMPLE = "ACCOUNT.dkr.ecr.REGION.amazonaws.com"
# Its API is only in this region (Amazon ECR Public API Reference).
_PUBLIC_API = TokenApi(service="ecr-public", region="us-east-1")


def find_partition(region: str) -> Partition:
    """The partition that a region belongs to, by its prefix."""
    for prefix, partition in _PARTITIONS_BY_REGION_PREFIX.items():
        if region.startswith(prefix):
            return partition
    return _AWS


def parse_registry(host: str) -> Registry:
    """Read a registry's host, such as `123456789012.dkr.ecr.eu-west-1.amazonaws.com` or `public.ecr.aws`.

    Raises NotARegistryError for anything that is not exactly such a host (a scheme, a path, upper case).
    """
    if host in PUBLIC_HOSTS:
        return Registry(host=host, account=None, region=_PUBLIC_API.region, partition=_AWS, api=_PUBLIC_API)
    meant = re.split("[/:?#]", host.strip().lower().rpartition("://")[2])[0]
    if meant != host and is_registry(meant):
        raise NotARegistryError(f"{host!r} is not a registry's host; write {meant}")
    match = _HOST.fullmatch(host)
    if match is None:
        raise NotARegistryError(f"{host!r} is not the host of an ECR registry, such as {_EXAMPLE} (no scheme, no path)")
    region = match["region"]
    partition = find_partition(region)
    dual_stack = match["join"] == "-"
    suffix = partition.dual_stack_suffix if dual_stack else partition.dns_suffix
    if suffix is None:
        raise NotARegistryError(f"{host!r} is a dual-stack host; in {region} a registry has none")
    if match["suffix"] != suffix:
        raise NotARegistryError(f"{host!r} ends in {match['suffix']!r}; in {region} a registry ends in {suffix!r}")
    api = TokenApi(service="ecr", region=region, fips=match["fips"] is not None, dual_stack=dual_stack)
    return Registry(host=host, account=match["account"], region=region, partition=partition, api=api)


def is_registry(host: str) -> bool:
    """Whether `parse_registry` reads the host."""
    try:
        parse_registry(host)
    except NotARegistryError:
        return False
    return True


def sts_host(region: str) -> str:
    """The regional STS host, as the EKS token verifier lists it (aws-iam-authenticator, pkg/token/token.go)."""
    return f"sts.{region}.{find_partition(region).dns_suffix}"
