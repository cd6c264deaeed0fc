"""What an ECR registry's host tells: account, region, partition and the hosts of the APIs beside it.

The forms of the host are those of "Amazon ECR endpoints and quotas" (AWS General Reference): the plain one, FIPS,
and dual-stack (`dkr-ecr`, under `on.aws`), in each partition.
"""

import re
from dataclasses import dataclass


class NotARegistryError(ValueError):
    """The text is not the host of a private ECR registry; the message says what is wrong with it."""


@dataclass(frozen=True, kw_only=True)
class Partition:
    """A separate part of AWS: credentials of one are worth nothing in another."""

    name: str
    dns_suffix: str
    dual_stack_suffix: str


@dataclass(frozen=True, kw_only=True)
class Registry:
    """A private ECR registry, as its host names it."""

    host: str
    account: str
    region: str
    partition: Partition


_AWS = Partition(name="aws", dns_suffix="amazonaws.com", dual_stack_suffix="on.aws")
# From botocore's partitions.json; a region is of the partition whose prefix it carries, of `aws` without one.
_PARTITIONS_BY_REGION_PREFIX = {
    "cn-": Partition(name="aws-cn", dns_suffix="amazonaws.com.cn", dual_stack_suffix="on.amazonwebservices.com.cn"),
    "us-gov-": Partition(name="aws-us-gov", dns_suffix="amazonaws.com", dual_stack_suffix="on.aws"),
    "us-iso-": Partition(name="aws-iso", dns_suffix="c2s.ic.gov", dual_stack_suffix="on.aws.ic.gov"),
    "us-isob-": Partition(name="aws-iso-b", dns_suffix="sc2s.sgov.gov", dual_stack_suffix="on.aws.scloud"),
    "eu-isoe-": Partition(name="aws-iso-e", dns_suffix="cloud.adc-e.uk", dual_stack_suffix="on.cloud-aws.adc-e.uk"),
    "us-isof-": Partition(name="aws-iso-f", dns_suffix="csp.hci.ic.gov", dual_stack_suffix="on.aws.hci.ic.gov"),
    "eusc-": Partition(name="aws-eusc", dns_suffix="amazonaws.eu", dual_stack_suffix="on.amazonwebservices.eu"),
}

_REGION = r"[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2}"
_HOST = re.compile(rf"(?P<account>[0-9]{{12}})\.dkr(?P<join>[.-])ecr(?:-fips)?\.(?P<region>{_REGION})\.(?P<suffix>.+)")
_EXAMPLE = "ACCOUNT.dkr.ecr.REGION.amazonaws.com"


def partition_of(region: str) -> Partition:
    """The partition that a region belongs to, by its prefix."""
    for prefix, partition in _PARTITIONS_BY_REGION_PREFIX.items():
        if region.startswith(prefix):
            return partition
    return _AWS


def parse_registry(host: str) -> Registry:
    """Read a registry's host, such as `123456789012.dkr.ecr.eu-west-1.amazonaws.com`.

    Raises NotARegistryError for anything that is not exactly such a host (a scheme, a path, upper case).
    """
    match = _HOST.fullmatch(host)
    if match is None:
        raise NotARegistryError(f"{host!r} is not the host of an ECR registry, such as {_EXAMPLE} (no scheme, no path)")
    partition = partition_of(match["region"])
    dual_stack = match["join"] == "-"
    suffix = partition.dual_stack_suffix if dual_stack else partition.dns_suffix
    if match["suffix"] != suffix:
        raise NotARegistryError(
            f"{host!r} ends in {match['suffix']!r}; in {match['region']} a registry ends in {suffix!r}"
        )
    return Registry(host=host, account=match["account"], region=match["region"], partition=partition)


def sts_host(region: str) -> str:
    """The regional STS host, as the EKS token verifier lists it (aws-iam-authenticator, pkg/token/token.go)."""
    return f"sts.{region}.{partition_of(region).dns_suffix}"
